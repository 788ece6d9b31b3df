package diagnostics

import (
	"strings"
	"testing"
)

// TestWarnings holds how many warnings there are in what tools print, and how the first one is told.
func TestWarnings(t *testing.T) {
	for _, tt := range []struct {
		name, output string
		count        int
		first        string
	}{
		{"nothing", "", 0, ""},
		{"cargo", `    Checking server v0.1.0 (/tmp/server)
warning: function ` + "`unused`" + ` is never used
  --> src/main.rs:45:4
   |
45 | fn unused(){}
   |    ^^^^^^
   |
   = note: ` + "`#[warn(dead_code)]` on by default" + `

warning: unused variable: ` + "`x`" + `
 --> src/lib.rs:3:9

warning: ` + "`server` (bin \"server\") generated 2 warnings (run `cargo fix --bin \"server\"` to apply 1 suggestion)" + `
warning: function ` + "`unused`" + ` is never used
  --> src/main.rs:45:4
warning: ` + "`server` (bin \"server\" test) generated 1 warning (1 duplicate)" + `
    Finished dev profile in 0.1s
`, 2, "src/main.rs:45:4: function `unused` is never used"},
		{"cargo, of a manifest", "warning: unused manifest key: package.foo\n    Finished dev\n", 1, "unused manifest key: package.foo"},
		{"at the end of the output", "warning: something", 1, "something"},
		{"clippy, with the lint's name", "warning[clippy::x]: odd\n --> a.rs:1:2\n", 1, "a.rs:1:2: odd"},
		{"cargo, short", "src/main.rs:45:4: warning: function `unused` is never used: `unused`\n", 1, "src/main.rs:45:4: function `unused` is never used: `unused`"},
		{"gcc", "a.c: In function ‘main’:\na.c:3:7: warning: unused variable ‘x’ [-Wunused-variable]\n    3 |   int x;\n1 warning generated.\n", 1, "a.c:3:7: unused variable ‘x’ [-Wunused-variable]"},
		{"gcc below a header", "In file included from a.c:1:\nb.h:2: warning: \"X\" redefined\n", 1, "b.h:2: \"X\" redefined"},
		{"a linker", "/usr/bin/ld: warning: a.o: missing .note.GNU-stack section\n", 1, "/usr/bin/ld: a.o: missing .note.GNU-stack section"},
		{"javac", "Main.java:3: warning: [deprecation] stop() has been deprecated\n1 warning\n", 1, "Main.java:3: [deprecation] stop() has been deprecated"},
		{"dotnet", "/src/A.cs(3,5): warning CS0168: The variable 'x' is declared\n", 1, "/src/A.cs:3:5: The variable 'x' is declared"},
		{"eslint", "\n/app/a.js\n  3:5  warning  'x' is defined but never used  no-unused-vars\n  4:1  warning  Unexpected console statement   no-console\n\n✖ 2 problems (0 errors, 2 warnings)\n", 2, "/app/a.js:3:5: 'x' is defined but never used"},
		{"words", "test warning_is_shown ... ok\nit says warning: watch out\n0 warnings\nno warnings: fine\nnpm warn deprecated x\n2026/11/30 12:00:00 warning: in a log\n", 0, ""},
		{"go vet says none", "# shop\nvet: ./main.go:3:2: declared and not used: x\n", 0, ""},
		{"tsc says none", "a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\n", 0, ""},
		{"long", "warning: " + strings.Repeat("é", 150) + "\n", 1, strings.Repeat("é", 100) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{len(tt.output) + 1, 7} {
				r := New(Options{Off: true})
				for text := []byte(tt.output); len(text) > 0; {
					n := min(size, len(text))
					r.Write(text[:n])
					text = text[n:]
				}
				r.Finish()
				if n, first := r.Warnings(); n != tt.count || first != tt.first {
					t.Errorf("in pieces of %d: got %d, %q; want %d, %q", size, n, first, tt.count, tt.first)
				}
			}
		})
	}
}

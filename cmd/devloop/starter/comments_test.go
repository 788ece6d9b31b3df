package starter

import "testing"

// TestCode: comments are gone, lines and strings stay.
func TestCode(t *testing.T) {
	for _, tt := range []struct{ file, text, want string }{
		{"a.go", "a // b\nc /* d\ne */ f", "a     \nc     \n     f"},
		{"a.go", `x("// no") // yes`, `x("// no")       `},
		{"a.go", "x(`\n// no`) //", "x(`\n// no`)   "},
		{"a.go", `x("\"// no")`, `x("\"// no")`},
		{"a.rs", "fn f<'a>() {} // x", "fn f<'a>() {}     "},
		{"a.js", "x = 'it' // it's", "x = 'it'        "},
		{"a.js", "/* never ends", "             "},
		{"a.py", "x = 1 # 'y\nz", "x = 1     \nz"},
		{"a.py", "\"\"\"port 80\n\"\"\"\nx # y", "\"\"\"\n\"\"\"\nx    "},
		{"a.rb", "x '#' # y", "x '#'    "},
		{"a.unknown", "a // b", "a // b"},
	} {
		if got := code(tt.file, tt.text); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.file, tt.text, got, tt.want)
		}
	}
}

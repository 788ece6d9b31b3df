package page_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

var update = flag.Bool("update", false, "write the files that are made by tests")

// libraries are what the page's scripts stand on, as npm has them. Another version: write it here, with what `npm view
// NAME@VERSION dist.integrity` prints, and run `go test ./orchestrator/dashboard/page -run Vendor -update`.
var libraries = []struct {
	name, version, licence string
	integrity              string
	file                   string // the module in it
	variable               string // what stands for the module in vendor.js
}{
	{"preact", "11.2.0", "MIT", "sha512-/HfHI/7N84e6GrWBJ3J280z3mLaRJiDcSvj/A+y/4AbLnND/1UlGHe1sR6oYuTGwId0nP7dqDU9OnLxMPZ7xBg==", "dist/preact.mjs", "preact"},
	{"preact", "11.2.0", "MIT", "", "hooks/dist/hooks.mjs", "hooks"}, // of the same package
	{"htm", "3.1.1", "Apache-2.0", "sha512-983Vyg8NwUE7JkZ6NmOqpCZ+sh1bKv2iYTlUkzlWmA5JD2acKoxd4KVxbMmxX/85mtfdnDmTFoNKcg5DGAvxNQ==", "dist/htm.module.js", "htm"},
}

// sum is of vendor.js, so that nobody changes it by hand: the short run downloads nothing.
const sum = "sha512-JwaNgmmQWfJ/JR1+Hp4tUpbrkXfSKwgA4f3XZ20F/sJt5Oc8l4G9iL5Tf4BSDFjiImXgtxYMoARXY7DYyR6FbA=="

// TestVendor: vendor.js is nothing but the libraries of these versions. The long run downloads them, compares them with the
// checksums that npm published, and makes the file anew.
func TestVendor(t *testing.T) {
	t.Parallel()
	name, licences := filepath.Join("assets", "vendor.js"), filepath.Join("assets", "licences.txt")
	if testenv.Long() || *update {
		script, text := vendored(t)
		if *update {
			write(t, name, script)
			write(t, licences, text)
		}
		same(t, name, script)
		same(t, licences, text)
	}
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if digest := looptest.Checksum(have); digest != sum {
		t.Errorf("%s has the checksum %s, and not the one of this test: it is made by -update, not by hand", name, digest)
	}
	for _, l := range libraries {
		for _, want := range []string{l.name, l.version, l.licence, l.integrity} {
			if !strings.Contains(string(have), want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}

// vendored are the libraries in one module, each in a function of its own, so that their short names do not meet; and
// their licences.
func vendored(t *testing.T) (script, licences []byte) {
	var pack looptest.NPM
	var head, body, exported, texts strings.Builder
	head.WriteString("// The libraries of this page, as npm has them: only their imports and exports are rewritten, so that they stand in one file.\n// vendor_test.go makes it. The texts of the licences are in licences.txt.\n")
	exports := regexp.MustCompile(`export\s*\{([^}]*)\};?`)
	imports := regexp.MustCompile(`import\{options as (\w+)\}from"preact";`)
	for _, l := range libraries {
		if l.integrity != "" {
			fmt.Fprintf(&head, "//   %s %s  %s  %s\n", l.name, l.version, l.licence, l.integrity)
			pack = looptest.Download(t, l.name, l.version, l.integrity)
			fmt.Fprintf(&texts, "%s %s\n\n%s\n\n", l.name, l.version, bytes.TrimSpace(pack.File(t, "LICENSE")))
		}
		text := strings.TrimSpace(string(pack.File(t, l.file)))
		text, _, _ = strings.Cut(text, "\n//# sourceMappingURL=")
		text = imports.ReplaceAllString(text, "const $1=preact.options;")
		if found := exports.FindStringSubmatch(text); found != nil {
			var names []string
			for item := range strings.SplitSeq(found[1], ",") {
				from, to, _ := strings.Cut(item, " as ")
				names = append(names, to+":"+from)
				if l.variable == "hooks" || to == "h" || to == "render" || to == "Fragment" || to == "Component" {
					fmt.Fprintf(&exported, ",%s=%s.%s", to, l.variable, to)
				}
			}
			text = strings.Replace(text, found[0], "return{"+strings.Join(names, ",")+"};", 1)
		}
		text = strings.Replace(text, "export default ", "return ", 1)
		if strings.Contains(text, "import{") || strings.Contains(text, "export ") || strings.Contains(text, "export{") {
			t.Fatalf("%s of %s has an import or export of another form", l.file, l.name)
		}
		fmt.Fprintf(&body, "const %s=(()=>{%s})();\n", l.variable, text)
	}
	fmt.Fprintf(&body, "export const html=htm.bind(preact.h)%s;\n", exported.String())
	return []byte(head.String() + body.String()), []byte(strings.TrimSpace(texts.String()) + "\n")
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, name string, want []byte) {
	t.Helper()
	have, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what its packages make: -update writes it", name)
	}
}

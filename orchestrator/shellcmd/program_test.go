package shellcmd

import "testing"

func TestProgram(t *testing.T) {
	vars := map[string]string{"BIN": "shop", "DIR": "../../target", "EMPTY": ""}
	lookup := func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	for text, want := range map[string]string{
		"target/debug/shop":              "target/debug/shop",
		"$DIR/debug/$BIN --port 1":       "../../target/debug/shop",
		`exec "${DIR}/debug"/$BIN > log`: "../../target/debug/shop",
		"A=1 ./$BIN":                     "./shop",
		"'$DIR'/x":                       "$DIR/x",
		"$EMPTY":                         "",
		"${BIN:-x}":                      "",
		"$(which x)":                     "",
		"$1":                             "",
		"a && b":                         "",
		"~/x":                            "",
		"*/x":                            "",
	} {
		if got, ok := Program(text, lookup); got != want && ok || ok != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", text, got, ok, want)
		}
	}
}

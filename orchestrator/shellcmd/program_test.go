package shellcmd

import "testing"

func TestProgram(t *testing.T) {
	for text, want := range map[string]string{
		"target/debug/shop":                   "target/debug/shop",
		"'target/debug/my shop' --port $PORT": "target/debug/my shop",
		"exec ../../target/debug/shop > log":  "../../target/debug/shop",
		"A=1 ./shop":                          "./shop",
		"'$DIR'/x":                            "$DIR/x",
		"$DIR/x":                              "",
		"$(which x)":                          "",
		"a && b":                              "",
		"~/x":                                 "",
		"*/x":                                 "",
		"":                                    "",
	} {
		if got, ok := Program(text); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v; want %q", text, got, ok, want)
		}
	}
}

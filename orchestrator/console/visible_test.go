package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for text, want := range map[string]string{
		"":                        "",
		"src/main.go:1\n\tx ü":    "src/main.go:1\n\tx ü",
		"\x1b[31mred\x1b]0;t\a":   `\x1b[31mred\x1b]0;t\x07`,
		"a\rb":                    `a\x0db`,
		"a\x7fb\u0085c\u009b1m":   `a\u007fb\u0085c\u009b1m`,
		"ab\u202etxt.exe\u2069":   `ab\u202etxt.exe\u2069`,
		"a\u2028b":                `a\u2028b`,
		"bad \xff\xfe bytes \xe2": `bad \xff\xfe bytes \xe2`,
		"שלום \u200f عربي":        "שלום \u200f عربي",
	} {
		if got := Visible(text); got != want {
			t.Errorf("Visible(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"src/main.go":    "src/main.go",
		"a b\"c":         "a b\"c",
		"a\nb":           `"a\nb"`,
		"a\r\tb\\":       `"a\r\tb\\"`,
		"\x1b[2J":        `"\x1b[2J"`,
		"x\u202ecod.exe": `"x\u202ecod.exe"`,
		"\xff":           `"\xff"`,
	} {
		if got := Name(name); got != want {
			t.Errorf("Name(%q) = %s, want %s", name, got, want)
		}
	}
}

// What a JSON text says does not change.
func FuzzVisible(f *testing.F) {
	f.Add("a\x1b[1mb\u202ec\x7f\u0085\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		shown := Visible(text)
		for _, r := range shown {
			if r != '\n' && r != '\t' && unsafeRune(r, utf8.RuneLen(r)) {
				t.Errorf("Visible(%q) has %U", text, r)
			}
		}
		if Visible(shown) != shown {
			t.Errorf("Visible(%q) is made another text again", text)
		}
		var out bytes.Buffer
		if err := json.NewEncoder(VisibleWriter(&out)).Encode(text); err != nil {
			t.Fatal(err)
		}
		var before, after string
		encoded, _ := json.Marshal(text)
		if json.Unmarshal(encoded, &before) != nil || json.Unmarshal(out.Bytes(), &after) != nil || before != after {
			t.Errorf("%q as JSON is %q, and %q when it is shown", text, before, after)
		}
		for _, line := range bytes.Split(Sanitize(nil, []byte(text), false), []byte("\n")) {
			if !plain(line) {
				t.Errorf("Sanitize(%q) leaves %q", text, line)
			}
		}
	})
}

func TestVisibleWriterPassesErrors(t *testing.T) {
	r, w := io.Pipe()
	r.Close()
	if n, err := fmt.Fprint(VisibleWriter(w), "x"); n != 0 || err == nil {
		t.Errorf("%d bytes, %v", n, err)
	}
}

package yamltree

import "testing"

func TestText(t *testing.T) {
	m := Mistakes{
		{Pos: Pos{"f.yaml", 3, 4}, Msg: "wrong", Hint: "write it right", Line: "\t\tätöx"},
		{Pos: Pos{"f.yaml", 5, 1}, Msg: "nothing here"},
	}
	const want = "f.yaml:3:4: wrong\n    \t\tätöx\n    \t\t ^\nhint: write it right\nf.yaml:5:1: nothing here"
	if got := m.Error(); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if got := m[1].Text("warning"); got != "f.yaml:5:1: warning: nothing here" {
		t.Errorf("got %q", got)
	}
	if m[0].Error() != m[0].Text("") {
		t.Error("Error and Text differ")
	}
}

func TestSorted(t *testing.T) {
	at := func(line, col int, msg string) Mistake { return Mistake{Pos: Pos{"f", line, col}, Msg: msg} }
	got := Mistakes{at(2, 1, "c"), at(1, 9, "b"), at(1, 2, "a"), at(2, 1, "c"), at(2, 1, "d")}.Sorted()
	text := ""
	for _, m := range got {
		text += m.Msg
	}
	if text != "abcd" {
		t.Errorf("got %q", text)
	}
}

func TestQuote(t *testing.T) {
	for in, want := range map[string]string{
		"a": "`a`", "a\nb": "`a…`",
		"0123456789012345678901234567890123456789012345678901234567890": "`012345678901234567890123456789012345678901234567890123456789…`",
	} {
		if got := Quote(in); got != want {
			t.Errorf("quote(%q) = %s", in, got)
		}
	}
}

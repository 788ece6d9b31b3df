package harness

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	var text strings.Builder
	var table Table
	table.Row("", "ms")
	table.Row("a"+Escape("|"), Each([]string{"1", "2"}))
	if err := table.Write(&text); err != nil {
		t.Fatal(err)
	}
	if want := "|  | ms |\n|---|---|\n| a\\| | 1, 2 |\n\n"; text.String() != want {
		t.Errorf("got %q, want %q", text.String(), want)
	}
}

package testenv

import (
	"reflect"
	"testing"
)

func TestArguments(t *testing.T) {
	got, err := arguments("string(\"a\\n\")\n[]byte(\"\\xff\")\nint(-3)\nuint16(7)\nbool(true)\n")
	if want := []any{"a\n", []byte{0xff}, -3, uint16(7), true}; err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, %v", got, err)
	}
	for _, bad := range []string{"a", "string(1)", "float64(1)", "int(x)", "string(\"a\", 1)", "uint16(99999)"} {
		if got, err := arguments(bad); err == nil {
			t.Errorf("%s: got %#v", bad, got)
		}
	}
}

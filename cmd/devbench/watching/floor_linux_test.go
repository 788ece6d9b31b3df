package watching

import (
	"encoding/binary"
	"slices"
	"testing"
)

func TestEventNames(t *testing.T) {
	event := func(name string, padded int) []byte {
		head := make([]byte, 16)
		binary.NativeEndian.PutUint32(head[12:], uint32(padded))
		return append(head, append([]byte(name), make([]byte, padded-len(name))...)...)
	}
	buf := slices.Concat(event("a.txt", 16), event("", 0), event("b.txt", 8))
	if got, want := eventNames(buf), []string{"a.txt", "", "b.txt"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := eventNames(buf[:len(buf)-1]), []string{"a.txt", ""}; !slices.Equal(got, want) {
		t.Errorf("cut short: got %q, want %q", got, want)
	}
}

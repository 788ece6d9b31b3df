package reusing

import (
	"io"
	"strings"
	"testing"
)

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-rounds 0":  "-rounds, -files and -long must be positive",
		"-long 0s":   "-rounds, -files and -long must be positive",
		"something":  `unexpected argument "something"`,
		"-stage -1s": "-rounds, -files and -long must be positive, and -stage not negative",
	} {
		err := run(t.Context(), nil, strings.Fields(args), io.Discard, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}

package output

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestEachLineFindsWhatWasWritten(t *testing.T) {
	var flood bytes.Buffer
	if _, err := longLines(&flood, 1); err != nil {
		t.Fatal(err)
	}
	want, err := expect(1)
	if err != nil {
		t.Fatal(err)
	}
	var screen strings.Builder
	screen.WriteString("devloop | watching nothing\nflood   | ▸ starting\n")
	for line := range strings.Lines(flood.String()) {
		screen.WriteString("flood   | " + line)
	}
	whole := screen.String()
	dropped := strings.Replace(whole, "flood   | 1 ", "flood   | (devloop: 1 line dropped)", 1)
	changed := strings.Replace(whole, "flood   | 1 x", "flood   | 1 y", 1)
	for name, tc := range map[string]struct {
		text        string
		lines, same bool
	}{
		"whole": {whole, true, true}, "dropped": {dropped, false, false}, "changed": {changed, true, false},
	} {
		got := newTally()
		if _, _, err := eachLine(strings.NewReader(tc.text), 1, func(_ string, line []byte) { got.add(line) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if (got.lines == want.lines) != tc.lines || (got.sum() == want.sum) != tc.same {
			t.Errorf("%s: %d of %d lines, same hash %v", name, got.lines, want.lines, got.sum() == want.sum)
		}
	}
	cut := whole[:len(whole)-len(last)-1]
	if _, _, err := eachLine(strings.NewReader(cut), 1, func(string, []byte) {}); !errors.Is(err, errShort) {
		t.Errorf("cut off: %v", err)
	}
	if _, _, err := toLast(strings.NewReader(cut)); !errors.Is(err, errShort) {
		t.Errorf("cut off, read fast: %v", err)
	}
	if _, _, err := toLast(&inPieces{whole}); err != nil {
		t.Errorf("in pieces: %v", err)
	}
}

// inPieces comes a few bytes at a time, and the last of them by themselves, so
// that the mark is split between two reads.
type inPieces struct{ left string }

func (p *inPieces) Read(b []byte) (int, error) {
	if p.left == "" {
		return 0, io.EOF
	}
	most := min(len(b), 4099)
	if len(p.left) > 4 {
		most = min(most, len(p.left)-4)
	}
	n := copy(b[:most], p.left)
	p.left = p.left[n:]
	return n, nil
}

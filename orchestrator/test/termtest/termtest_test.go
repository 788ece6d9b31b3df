//go:build unix

package termtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// TestResizedInTheMiddle: whatever is written when the size changes, each line is there once, whole.
func TestResizedInTheMiddle(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for round := range testenv.Either(10, 200) {
		var text, want strings.Builder
		for i := range 100 {
			fmt.Fprintf(&text, "\x1b]2;✗ title\x1b\\\x1b[33mdog | \x1b[0mdög %d of a long line\r\n", i)
			fmt.Fprintf(&want, "dog | dög %d of a long line\n", i)
		}
		x := &Terminal{}
		x.size.Rows, x.size.Cols = 24, 80
		x.shown = x.emulator()
		for raw := text.String(); raw != ""; {
			n := min(1+random.IntN(100), len(raw))
			x.write([]byte(raw[:n]))
			raw = raw[n:]
			if random.IntN(3) == 0 {
				x.size.Rows, x.size.Cols = uint16(2+random.IntN(40)), uint16(40+random.IntN(80))
			}
			x.resize()
		}
		if got := strings.TrimRight(strings.Join(append(x.Past(), x.look().Rows()...), "\n"), "\n") + "\n"; got != want.String() {
			t.Fatalf("round %d: got\n%s", round, got)
		}
		closeAnswers(x.shown)
		x.joined.Wait()
	}
}

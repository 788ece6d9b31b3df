package reuse

import (
	"errors"
	"fmt"
	"testing"

	"devloop/orchestrator/reapi"
)

// A Tree whose directories share what is below them is refused before it fills the memory.
func TestTreeThatGrows(t *testing.T) {
	below := map[reapi.Digest]*reapi.Directory{}
	d := &reapi.Directory{}
	for range 60 {
		digest := reapi.DigestOf(d.Encode())
		below[digest] = d
		d = &reapi.Directory{}
		for i := range 2 {
			d.Directories = append(d.Directories, reapi.DirectoryNode{Name: fmt.Sprint(i), Digest: digest})
		}
	}
	if err := (&tree{}).add("out", d, below, 0); !errors.Is(err, errNotWhole) {
		t.Errorf("2^60 directories: %v, not %v", err, errNotWhole)
	}
}

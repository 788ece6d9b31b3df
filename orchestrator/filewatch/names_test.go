package filewatch

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
)

func TestNamesOfWhatHasGone(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	var n names
	if got := n.below([]string{dir}); got != nil {
		t.Errorf("nothing is known, but %v", got)
	}
	p := newPacker()
	for _, name := range []string{"a/b/c.go", "a/b/d.go", "a/bb/e.go", "a/f.go", "g.go"} {
		p.add(at(name))
	}
	n.replace(p.packed())
	n.add(at("a/b/late.go"))
	n.add(at("a/b/c.go"))
	got := n.below([]string{at("a/b"), at("no/such")})
	slices.Sort(got)
	if want := []string{at("a/b/c.go"), at("a/b/d.go"), at("a/b/late.go")}; !slices.Equal(got, want) {
		t.Errorf("gone: %q, want %q", got, want)
	}
}

func BenchmarkNames(b *testing.B) {
	pack := func() []byte {
		p := newPacker()
		for i := range 200_000 {
			p.add(fmt.Sprintf("/home/me/shop/packages/p%03d/src/module%d/file%d-%x.ts", i/1000, i/10, i, uint32(i)*2654435761))
		}
		return p.packed()
	}
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			b.ReportMetric(float64(len(pack()))/(1<<20), "MiB")
		}
	})
	b.Run("below", func(b *testing.B) {
		var n names
		n.replace(pack())
		for b.Loop() {
			n.below([]string{"/home/me/shop/packages/p010/src/module1000"})
		}
	})
}

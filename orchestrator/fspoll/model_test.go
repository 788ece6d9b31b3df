package fspoll

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

// TestNothingIsLost makes random changes between random ticks. After an interval, whatever differs from what was
// there before must have been reported.
func TestNothingIsLost(t *testing.T) {
	for seed := range uint64(testenv.Either(5, 15)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 5))
			p := poll(t, Options{Interval: time.Duration(1+rnd.IntN(20)) * time.Second}, "a/a/f", "b/f", "f")
			before := contents(t, p.dir)
			for range 25 {
				for range 1 + rnd.IntN(6) {
					change(t, rnd, p.dir)
					if rnd.IntN(3) == 0 {
						p.pass(time.Duration(rnd.Int64N(int64(p.Stats().Interval))))
					}
				}
				tokens := []uint64(nil)
				if rnd.IntN(2) == 0 {
					p.Sync(seed)
					p.step()
					tokens = []uint64{seed}
				} else {
					p.pass(p.Stats().Interval)
				}
				batch := p.Take()
				if !slices.Equal(batch.Synced, tokens) {
					t.Fatalf("tokens %v, want %v", batch.Synced, tokens)
				}
				reported := map[string]bool{}
				for _, c := range batch.Changes {
					reported[c.Path] = true
				}
				after := contents(t, p.dir)
				for path := range union(before, after) {
					if before[path] != after[path] && !reported[path] {
						t.Fatalf("%s was %q, is %q, and was not reported", path, before[path], after[path])
					}
				}
				before = after
				known, dirs := 0, 0
				for _, d := range p.order {
					if !d.gone {
						known += len(d.files)
						dirs++
					}
				}
				if known != len(after) || p.files != known || dirs != p.dirs+1 {
					t.Fatalf("%d files known and %d counted of %d; %d directories, %d counted", known, p.files, len(after), dirs-1, p.dirs)
				}
			}
		})
	}
}

func union(a, b map[string]string) map[string]bool {
	all := map[string]bool{}
	for _, m := range []map[string]string{a, b} {
		for k := range maps.Keys(m) {
			all[k] = true
		}
	}
	return all
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// change does something to a random path; what cannot be done there is not.
func change(t *testing.T, rnd *rand.Rand, dir string) {
	t.Helper()
	random := func() string {
		path := dir
		for range 1 + rnd.IntN(3) {
			path = filepath.Join(path, string("abf"[rnd.IntN(3)]))
		}
		return path
	}
	path := random()
	switch rnd.IntN(8) {
	case 0, 1, 2:
		os.MkdirAll(filepath.Dir(path), 0o777)
		os.WriteFile(path, []byte(fmt.Sprint(rnd.Uint64())), 0o666)
	case 3:
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() { // same size, same time, new file
			os.WriteFile(dir+".new", []byte(fmt.Sprint(rnd.Uint64()))[:min(10, info.Size())], 0o666)
			os.Chtimes(dir+".new", info.ModTime(), info.ModTime())
			os.Rename(dir+".new", path)
		}
	case 4:
		os.RemoveAll(path)
	case 5:
		os.Remove(path)
	case 6:
		os.Rename(path, random())
	case 7:
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() { // in place, and the time set back
			os.WriteFile(path, []byte(fmt.Sprint(rnd.Uint64())), 0o666)
			os.Chtimes(path, info.ModTime(), info.ModTime())
		}
	}
}

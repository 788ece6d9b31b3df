//go:build linux || darwin

package guardian_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"devloop/orchestrator/test/stubborn"
	"devloop/orchestrator/test/testenv"
)

// extent is how far the tests here go: whether they try everything, and how often. DEVLOOP_HORRORS=20 is everything, twenty
// times.
func extent(t *testing.T) (everything bool, rounds int) {
	rounds = stubborn.Rounds(t)
	return rounds > 0, max(rounds, 1)
}

// Every tree, ended in every way: nobody is left. The short run ends each tree in one way and each way's end comes to
// two trees or more.
func TestHorrors(t *testing.T) {
	everything, rounds := extent(t)
	ways := map[string]func(*testing.T, *owner, string, int){
		"stop":    func(_ *testing.T, o *owner, _ string, _ int) { o.do("stop") },
		"kill":    func(_ *testing.T, o *owner, _ string, _ int) { o.do("kill") },
		"kill -9": func(_ *testing.T, o *owner, _ string, _ int) { o.kill() },
		// The second one starts when nobody of the first is there.
		"restart": func(t *testing.T, o *owner, dir string, size int) {
			o.do("stop")
			if left := living(t, dir); len(left) > 0 {
				t.Fatalf("the next start would meet %v%s", left, describe(left))
			}
			o.do("start")
			grown(t, dir, 2*size)
			o.do("stop")
		},
		"kill -9 in a stop": func(_ *testing.T, o *owner, _ string, _ int) {
			o.order("stop")
			<-time.After(rand.N(grace + grace/2)) // any moment is a case of its own
			o.kill()
		},
	}
	names := slices.Sorted(maps.Keys(ways))
	for i, h := range stubborn.Trees {
		for j, way := range names {
			if !everything && i%len(names) != j {
				continue
			}
			end := ways[way]
			t.Run(h.Kind+"/"+way, func(t *testing.T) {
				if h.Linux && runtime.GOOS != "linux" {
					t.Skip("such trees are out of reach here")
				}
				t.Parallel()
				for range rounds {
					argv, dir := aHorror(t, h.Kind)
					o := newOwner(t, filepath.Join(t.TempDir(), "crash-record"), nil, argv...).up()
					if got := o.do("start"); !isPID(got) {
						t.Fatal(got)
					}
					grown(t, dir, h.Size)
					if h.Kind == "gone" && way != "kill -9" { // it ends by itself
						o.do("wait")
						if left := living(t, dir); len(left) > 0 {
							t.Fatalf("it is done, and there are %v%s", left, describe(left))
						}
					}
					if h.Noticed {
						recorded(t, o, living(t, dir))
					}
					end(t, o, dir, h.Size)
					nobodyLeft(t, dir)
					o.kill()
					endOf(t, o.guardian)
				}
			})
		}
	}
}

// recorded waits until the owner has recorded them all, which the crash record tells.
func recorded(t *testing.T, o *owner, pids []int) {
	t.Helper()
	testenv.Until(t, func() string {
		text, err := os.ReadFile(o.crash)
		if err != nil {
			return err.Error()
		}
		if pid := stubborn.Unrecorded(text, pids); pid != 0 {
			return fmt.Sprintf("%d is not in the crash record", pid)
		}
		return ""
	})
}

func isPID(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n > 1
}

// The owner is killed while it starts a command, at any moment of that.
func TestKilledWhileStarting(t *testing.T) {
	times := 5
	if everything, rounds := extent(t); everything {
		times = 20 * rounds
	}
	for range times {
		argv, dir := aHorror(t, "session")
		o := newOwner(t, "", nil, argv...).up()
		o.order("start")
		<-time.After(rand.N(5 * time.Millisecond)) // any moment is a case of its own
		o.kill()
		endOf(t, o.guardian)
		nobodyLeft(t, dir)
	}
}

// Many owners, each killed before its guardian has come up.
func TestKilledAtOnce(t *testing.T) {
	times := 3
	if everything, rounds := extent(t); everything {
		times = 10 * rounds
	}
	for range times {
		argv, dir := aHorror(t, "daemon")
		o := newOwner(t, "", nil, argv...)
		o.order("start")
		<-time.After(rand.N(30 * time.Millisecond)) // any moment is a case of its own
		o.kill()
		nobodyLeft(t, dir)
	}
}

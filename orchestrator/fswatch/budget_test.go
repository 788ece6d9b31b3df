package fswatch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBudget: where every file takes a descriptor, watching stops before they run out, and says so; and it goes on
// when some are given back.
func TestBudget(t *testing.T) {
	if watchRemedy(errOverBudget) == errOverBudget.Error() {
		t.Skip("no limits are known here")
	}
	dir := realTemp(t)
	const dirs, files = 8, 9
	for i := range dirs {
		for j := range files {
			file := filepath.Join(dir, "d", fmt.Sprint(i), fmt.Sprint(j))
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := newBudget(2 * 60)
	s := &watched{T: t, budget: r}
	s.start(Options{Roots: []string{filepath.Join(dir, "d")}})
	s.settle()
	// The directory above takes 2, the root 9, each of the others 10, and that of the cookies, where there is one, 1.
	if stats := s.w.Stats(); stats.Unwatched != dirs-4 || r.used > r.most {
		t.Errorf("%+v, %d of %d taken; want 4 directories watched", stats, r.used, r.most)
	}
	if len(s.notes) != 1 || s.notes[0].Kind != LimitReached {
		t.Errorf("notices: %+v", s.notes)
	}
	for _, path := range s.w.watched() {
		if filepath.Dir(path) == filepath.Join(dir, "d") {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.settle()
	s.w.Refilter()
	if s.settle(); s.w.Stats().Unwatched != 0 || r.used < 2+9+4*10 || r.used > r.most {
		t.Errorf("%+v, %d taken", s.w.Stats(), r.used)
	}
}

// TestBudgetIsTold: long before anything runs out.
func TestBudgetIsTold(t *testing.T) {
	r := newBudget(65536)
	for i, c := range []struct {
		need int
		told bool
	}{{costly - 1, false}, {1, true}, {100, false}, {costly, true}} {
		if !r.take(fmt.Sprint(i), c.need) {
			t.Fatalf("%d more were refused", c.need)
		}
		if text := r.news(); (text != "") != c.told || c.told && !strings.Contains(text, "65536") {
			t.Errorf("after %d: %q", r.used, text)
		}
	}
	if r.take("too many", r.most) {
		t.Error("more than the budget was given out")
	}
}

// TestNoDescriptorForANewFile: kqueue wants one more whenever a file comes, and fsnotify reports that there is none
// as an error of its own.
func TestNoDescriptorForANewFile(t *testing.T) {
	if !limited(syscall.EMFILE) {
		t.Skip("no limits are known here")
	}
	r := &eventReader{pending: newPending(nil), jobs: newQueue(), ctx: t.Context()}
	told := map[string]bool{}
	for range 2 {
		r.error(fmt.Errorf("fsnotify.dirChange: %w", &os.PathError{Op: "open", Path: "new", Err: syscall.EMFILE}), told)
	}
	if list := r.pending.take().Notices; len(list) != 1 || list[0].Kind != LimitReached {
		t.Errorf("notices: %+v", list)
	}
	if !r.jobs.idle() {
		t.Error("everything is looked at again, which finds no more descriptors")
	}
}

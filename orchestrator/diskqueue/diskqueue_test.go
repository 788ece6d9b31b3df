package diskqueue

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// owner is a queue's owner: one goroutine, that of the test.
type owner struct {
	*Queue
	events chan Event
	now    time.Time
	told   []string
}

func newOwner(t *testing.T, mount func(string) string) *owner {
	o := &owner{events: make(chan Event, 8), now: time.Now()}
	o.Queue = New(Options{
		Post:    func(ev Event) { o.events <- ev },
		Mount:   mount,
		Hung:    func(path string) { o.told = append(o.told, "hung "+path) },
		Answers: func(place string) { o.told = append(o.told, "answers "+place) },
	})
	t.Cleanup(func() { o.Close(time.Minute) })
	return o
}

// idle handles events until everything is done.
func (o *owner) idle() {
	for len(o.jobs) > 0 {
		o.Handle(<-o.events)
	}
}

// pass lets a patience pass.
func (o *owner) pass() {
	at, _ := o.Deadline()
	o.Tick(at)
}

func TestJobsAreDoneInOrder(t *testing.T) {
	o := newOwner(t, nil)
	var did, done []int
	for n := range 5 {
		paths := make([]string, n) // the first has nothing to do
		o.Add(Job{Paths: paths, Do: func(int) { did = append(did, n) }, Done: func(hung []bool) {
			if hung != nil {
				t.Errorf("job %d: something hangs", n)
			}
			done = append(done, n)
		}})
	}
	if !slices.Equal(done, []int{0}) {
		t.Errorf("a job with nothing to do and nothing before it is done at once: %v", done)
	}
	o.idle()
	if want := []int{1, 2, 2, 3, 3, 3, 4, 4, 4, 4}; !slices.Equal(did, want) {
		t.Errorf("did %v, want %v", did, want)
	}
	if want := []int{0, 1, 2, 3, 4}; !slices.Equal(done, want) {
		t.Errorf("done %v, want %v", done, want)
	}
	if _, ok := o.Deadline(); ok {
		t.Error("an idle queue has a deadline")
	}
}

func TestAJobAddedWhenAnotherIsDoneComesLast(t *testing.T) {
	o := newOwner(t, nil)
	var done []string
	add := func(name string, then func()) {
		o.Add(Job{Paths: []string{name}, Do: func(int) {}, Done: func([]bool) { done = append(done, name); then() }})
	}
	add("a", func() { add("c", func() {}) })
	add("b", func() {})
	o.idle()
	if want := []string{"a", "b", "c"}; !slices.Equal(done, want) {
		t.Errorf("done %v, want %v", done, want)
	}
}

// TestOneFileThatHangsHoldsUpNoOther: the others of its job are done, those in its directory are not asked for any
// more, and a second one on its file system leaves that alone.
func TestOneFileThatHangsHoldsUpNoOther(t *testing.T) {
	mount := filepath.FromSlash("/m")
	o := newOwner(t, func(path string) string {
		if below(path, mount) {
			return mount
		}
		return "/"
	})
	first, second := make(chan struct{}), make(chan struct{})
	blocked := make(chan string, 2)
	var did []string
	run := func(paths ...string) (hung []bool) {
		for i := range paths {
			paths[i] = filepath.FromSlash(paths[i])
		}
		did = nil
		over := false
		o.Add(Job{Paths: paths, Do: func(i int) {
			switch paths[i] {
			case filepath.FromSlash("/m/a/x"):
				blocked <- paths[i]
				<-first
			case filepath.FromSlash("/m/b/x"):
				blocked <- paths[i]
				<-second
			default:
				did = append(did, paths[i])
			}
		}, Done: func(h []bool) { hung, over = h, true }})
		for !over {
			select {
			case ev := <-o.events:
				o.Handle(ev)
			case <-blocked:
				for n := len(o.hung); len(o.hung) == n; { // at the first look it may have come further than before
					o.pass()
				}
			}
		}
		return hung
	}
	if hung := run("/w/1", "/m/a/x", "/m/a/y", "/m/c", "/w/2"); !slices.Equal(hung, []bool{false, true, true, false, false}) {
		t.Errorf("hung %v", hung)
	}
	if want := 3; len(did) != want {
		t.Errorf("did %v, want three", did)
	}
	if hung := run("/m/b/x", "/m/c", "/w/1"); !slices.Equal(hung, []bool{true, true, false}) {
		t.Errorf("hung %v", hung)
	}
	if want := []string{mount, filepath.FromSlash("/m/a")}; !slices.Equal(o.hanging(), want) {
		t.Errorf("places %v, want %v", o.hanging(), want)
	}
	close(second)
	o.Handle(<-o.events)
	if hung := run("/m/c", "/m/a/y"); !slices.Equal(hung, []bool{false, true}) {
		t.Errorf("hung %v", hung)
	}
	close(first)
	o.Handle(<-o.events)
	if hung := run("/m/a/y"); hung != nil {
		t.Errorf("hung %v", hung)
	}
	want := []string{"hung /m/a/x", "hung /m/b/x", "answers /m", "answers /m/a"}
	for i := range want {
		if len(o.told) != len(want) || filepath.ToSlash(o.told[i]) != want[i] {
			t.Fatalf("told %v, want %v", o.told, want)
		}
	}
}

// TestASlowDiskIsNotHung: whoever comes further between two looks is not given up.
func TestASlowDiskIsNotHung(t *testing.T) {
	o := newOwner(t, nil)
	step, at := make(chan struct{}), make(chan int)
	o.Add(Job{Paths: []string{"a", "b", "c"}, Do: func(i int) { at <- i; <-step }, Done: func(hung []bool) {
		if hung != nil {
			t.Errorf("hung %v", hung)
		}
	}})
	for i := range 3 {
		<-at
		if i > 0 {
			o.pass()
		}
		step <- struct{}{}
	}
	o.idle()
}

func TestCloseDoesNotWaitForWhatHangs(t *testing.T) {
	o := newOwner(t, nil)
	goOn, blocked := make(chan struct{}), make(chan struct{})
	o.Add(Job{Paths: []string{"a"}, Do: func(int) { close(blocked); <-goOn }, Done: func([]bool) { t.Error("done after the end") }})
	<-blocked
	w := o.worker
	o.Close(0)
	close(goOn)
	<-w.ended
}

// TestMountPointThatHangs: what lies beside it is on another file system, and is done.
func TestMountPointThatHangs(t *testing.T) {
	o := newOwner(t, func(string) string { return filepath.FromSlash("/a/m") })
	paths := []string{filepath.FromSlash("/a/m"), filepath.FromSlash("/a/m/f"), filepath.FromSlash("/a/b")}
	began, free := make(chan struct{}), make(chan struct{})
	var hung []bool
	o.Add(Job{Paths: paths, Do: func(i int) {
		if i == 0 {
			close(began)
			<-free
		}
	}, Done: func(h []bool) { hung = h }})
	<-began
	o.pass()
	o.idle()
	close(free)
	if !slices.Equal(hung, []bool{true, true, false}) {
		t.Errorf("hung: %v", hung)
	}
}

package machine

import "testing"

// TestOnStartIsAboutTheStart: a watcher that a new configuration would run at
// the start, and that has not run, keeps nobody waiting: the start is over.
func TestOnStartIsAboutTheStart(t *testing.T) {
	var configs []Config
	for _, text := range []string{"watcher gen: one; nostart\nprocess web; needs=gen:passed\n", "watcher gen: one\nprocess web; needs=gen:passed\n"} {
		cfg, err := parseConfig(text)
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, cfg)
	}
	m := New(configs[0])
	for _, ev := range []Event{Start{}, ProcessStarted{1, 1, 100}, Reconfigure{Config: configs[1]}, Command{Restart, []int{1}}, ProcessExited{1, 1, End{}},
		ProcessStarted{1, 2, 101}, FilesChanged{[]Change{{Path: ".touched", Nodes: []int{1}, AtOnce: true}}}, ProcessExited{1, 2, End{}}} {
		m.Step(epoch, ev)
	}
	if st := m.Status()[1]; st.Num != 3 || st.State != "starting" {
		t.Errorf("the process is %s (%s), generation %d", st.State, st.Hold.Kind, st.Num)
	}
}

// TestRestartsOfOneThatComesBack: they are counted from when it is back.
func TestRestartsOfOneThatComesBack(t *testing.T) {
	cfg, err := parseConfig("process web\n")
	if err != nil {
		t.Fatal(err)
	}
	gone := Config{Jobs: 1, Nodes: []Node{{Name: "web", Process: &Process{}, Gone: true}}}
	m := New(cfg)
	for i, c := range []struct {
		ev       Event
		restarts int
	}{
		{Start{}, 0},
		{ProcessStarted{0, 1, 100}, 0},
		{Command{Restart, []int{0}}, 0},
		{ProcessExited{0, 1, End{}}, 1},
		{ProcessStarted{0, 2, 101}, 1},
		{Reconfigure{Config: gone}, 1},
		{ProcessExited{0, 2, End{}}, 1},
		{Reconfigure{Config: cfg}, 0},
		{ProcessStarted{0, 3, 102}, 0},
		{Command{Restart, []int{0}}, 0},
		{ProcessExited{0, 3, End{}}, 1},
	} {
		m.Step(epoch, c.ev)
		if st := m.Status()[0]; st.Restarts != c.restarts {
			t.Errorf("step %d: %d restarts (%s), want %d", i, st.Restarts, st.State, c.restarts)
		}
	}
}

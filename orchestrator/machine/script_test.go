package machine

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// script plays one script against a machine, and answers for the world where
// the answer is always the same: writes are delivered at once, and a process
// has a pid as soon as it is started.
type script struct {
	cfg  Config
	m    *Machine
	now  time.Time
	out  strings.Builder
	busy bool // git holds its index lock

	slowDrain, slowStart bool // these answers come from the script after all

	started  map[[2]int]int // stage of a node -> the run that started it
	gens     map[int]int
	lastTime time.Time
	names    map[[2]int]string // of stages, as they were when they were started
	projects []string          // that are still to come, and the one there is
}

// play plays a script against a project, and returns the transcript.
func play(config, text string) (string, error) {
	projects := strings.Split(config, "\n--- then ---\n")
	cfg, err := parseConfig(projects[0])
	if err != nil {
		return "", err
	}
	s := &script{projects: projects, names: map[[2]int]string{}, cfg: cfg, m: New(cfg), now: epoch, started: map[[2]int]int{}, gens: map[int]int{}}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#!") // a comment
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := s.line(fields); err != nil {
			return "", fmt.Errorf("script line %q: %w, after\n%s", strings.TrimSpace(line), err, s.out.String())
		}
	}
	return s.out.String(), nil
}

// line plays one line of a script:
//
//	start
//	+10ms                      time passes; ticks come at the deadlines
//	await STAGE|NODE           the same, until it runs, for a minute at most
//	change PATH NODE…          a watched file changed
//	change PATH NODE… & PATH NODE…
//	change PATH NODE… by NODE  which was seen to write it
//	touch PATH NODE…           someone else touched a declared trigger
//	exit STAGE [CODE|SIGNAL]   a running stage ends, by its name or NODE/STAGE
//	made STAGE KEY             it passes, and leaves behind what KEY identifies
//	reused STAGE KEY           an earlier pass that left that behind stands for it
//	exit NODE[@GEN] [CODE|SIGNAL]  a live process ends, the last started one if no other is named
//	stale STAGE|NODE NUM       an answer that belongs to an earlier run or generation
//	ready NODE[@GEN]
//	ask ID [NODE…]             a barrier; forget ID takes it back
//	asked                      somebody looks at the status
//	hand trigger|restart|stop|start NODE…
//	config                     the next project of the file takes the place of this one
//	ctrl-c [hard]
//	pause on|off               changes are only kept
//	git on|off                 its index lock
//	hang [NODE PLACE…]         files of these nodes do not respond, and those of no other
//	slow drain|start           from now on: `drained NODE`, `started NODE`
//	status [NODE…]             show it in the transcript
func (s *script) line(f []string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	switch verb, args := f[0], f[1:]; {
	case verb == "start":
		s.step(Start{})
	case strings.HasPrefix(verb, "+"):
		s.pass(duration(verb[1:]))
	case verb == "await":
		s.await(args[0])
	case verb == "change" || verb == "touch":
		s.step(FilesChanged{s.changes(args, verb == "touch")})
	case verb == "exit":
		s.exit(args[0], parseEnd(args[1:]), Reuse{})
	case verb == "made" || verb == "reused":
		s.exit(args[0], End{}, Reuse{Product: args[1], Hit: verb == "reused"})
	case verb == "stale":
		s.stale(args[0], number(args[1]))
	case verb == "drained":
		n := s.node(args[0])
		s.step(Drained{n, s.m.nodes[n].w.run})
	case verb == "started":
		s.processStarted(s.node(args[0]))
	case verb == "ready":
		s.step(ProcessReady(s.generation(args[0])))
	case verb == "ask":
		ev := Await{ID: number(args[0])}
		for _, name := range args[1:] {
			ev.Nodes = append(ev.Nodes, s.node(name))
		}
		s.step(ev)
	case verb == "asked":
		s.step(Asked{})
	case verb == "forget":
		s.step(Forget{number(args[0])})
	case verb == "hand":
		ev := Command{Verb: Verb(args[0])}
		for _, name := range args[1:] {
			ev.Nodes = append(ev.Nodes, s.node(name))
		}
		s.step(ev)
	case verb == "config":
		return s.reconfigure()
	case verb == "ctrl-c":
		s.step(Shutdown{Hard: len(args) > 0, Code: 130})
	case verb == "hang":
		places := map[int]string{}
		for ; len(args) > 1; args = args[2:] {
			places[s.node(args[0])] = args[1]
		}
		s.step(FilesHang{places})
	case verb == "pause":
		s.step(Pause{args[0] == "on"})
	case verb == "git":
		s.busy = args[0] == "on"
	case verb == "slow":
		s.slowDrain = s.slowDrain || args[0] == "drain"
		s.slowStart = s.slowStart || args[0] == "start"
	case verb == "status":
		s.status(args)
	default:
		return fmt.Errorf("unknown verb")
	}
	return nil
}

// reconfigure makes the next project the configuration. A node has changed if
// its line has.
func (s *script) reconfigure() error {
	before, text := s.projects[0], s.projects[1]
	s.projects = s.projects[1:]
	next, err := parseConfig(text)
	if err != nil {
		return err
	}
	ev := Reconfigure{Config: Config{Jobs: next.Jobs, RemoteJobs: next.RemoteJobs}}
	slot := map[int]int{}
	for i, n := range s.cfg.Nodes {
		j := slices.IndexFunc(next.Nodes, func(m Node) bool { return m.Name == n.Name })
		if j < 0 {
			ev.Config.Nodes = append(ev.Config.Nodes, Node{Name: n.Name, Watcher: n.Watcher, Process: n.Process, Gone: true})
			continue
		}
		slot[j] = i
		ev.Config.Nodes = append(ev.Config.Nodes, next.Nodes[j])
		if lineOf(before, n.Name) != lineOf(text, n.Name) {
			ev.Changed = append(ev.Changed, i)
		}
	}
	for j, n := range next.Nodes {
		if _, known := slot[j]; !known {
			slot[j] = len(ev.Config.Nodes)
			ev.Config.Nodes = append(ev.Config.Nodes, n)
		}
	}
	for i := range ev.Config.Nodes {
		n := &ev.Config.Nodes[i]
		if n.Gone {
			continue
		}
		for k := range n.Upstream {
			n.Upstream[k] = slot[n.Upstream[k]]
		}
		for k := range n.Readers {
			n.Readers[k].Node = slot[n.Readers[k].Node]
		}
		for k := range n.Needs {
			n.Needs[k].Node = slot[n.Needs[k].Node]
		}
	}
	s.cfg = ev.Config
	s.step(ev)
	return nil
}

// lineOf is the line that describes a node.
func lineOf(project, name string) string {
	for line := range strings.Lines(project) {
		if f := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" :;\n", r) }); len(f) > 1 && f[1] == name {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func (s *script) node(name string) int {
	i := slices.IndexFunc(s.cfg.Nodes, func(n Node) bool { return n.Name == name })
	if i < 0 {
		panic("unknown node " + name)
	}
	return i
}

// generation finds NODE@GEN, or the last started generation of NODE.
func (s *script) generation(text string) StopProcess {
	name, gen, given := strings.Cut(text, "@")
	n := s.node(name)
	if given {
		return StopProcess{n, number(gen)}
	}
	return StopProcess{n, s.gens[n]}
}

func (s *script) changes(args []string, atOnce bool) (all []Change) {
	for len(args) > 0 {
		c := Change{Path: args[0], AtOnce: atOnce}
		for args = args[1:]; len(args) > 0 && args[0] != "&"; args = args[1:] {
			if args[0] == "empty" { // since so long
				c.Same, c.EmptySince, args = true, s.now.Add(-duration(args[1])), args[1:]
				continue
			}
			if args[0] == "same" { // it was written since so long ago
				c.Same, c.First, args = true, s.now.Add(-duration(args[1])), args[1:]
				continue
			}
			if args[0] == "by" {
				c.Writers, args = append(c.Writers, s.node(args[1])), args[1:]
				continue
			}
			c.Nodes = append(c.Nodes, s.node(args[0]))
		}
		all = append(all, c)
		args = args[min(1, len(args)):]
	}
	return all
}

func parseEnd(args []string) End {
	switch {
	case len(args) == 0:
		return End{}
	case strings.HasPrefix(args[0], "SIG"):
		return End{Code: -1, Signal: args[0]}
	case strings.ContainsAny(args[0], "0123456789"):
		return End{Code: number(args[0])}
	}
	return End{Code: -1, Err: strings.Join(args, " ")}
}

func (s *script) exit(name string, end End, reuse Reuse) {
	process, _, _ := strings.Cut(name, "@")
	if slices.ContainsFunc(s.cfg.Nodes, func(n Node) bool { return n.Name == process && n.Process != nil }) {
		g := s.generation(name)
		if _, live := s.m.generation(g.Node, g.Gen); live == nil {
			panic("it is not running")
		}
		s.step(ProcessExited{g.Node, g.Gen, end})
		return
	}
	node, stage := s.stage(name, true)
	key := [2]int{node, stage}
	run := s.started[key]
	delete(s.started, key)
	s.step(StageExited{node, run, stage, end, reuse})
}

// stage finds a stage by its name; of several, the one that runs.
func (s *script) stage(name string, running bool) (node, stage int) {
	want, short, both := strings.Cut(name, "/")
	if !both {
		want, short = "", name
	}
	for i, n := range s.cfg.Nodes {
		if n.Watcher == nil || want != "" && n.Name != want {
			continue
		}
		for j := range s.m.nodes[i].w.stages {
			if _, runs := s.started[[2]int{i, j}]; s.stageName(i, j) == short && runs == running {
				return i, j
			}
		}
	}
	panic(fmt.Sprintf("no stage %s that is in that state", name))
}

// stageName is the name that a stage had when it was last started.
func (s *script) stageName(node, stage int) string {
	if name, known := s.names[[2]int{node, stage}]; known {
		return name
	}
	return s.cfg.stage(node, stage).Name
}

func (s *script) stale(name string, num int) {
	if i := slices.IndexFunc(s.cfg.Nodes, func(n Node) bool { return n.Name == name && n.Process != nil }); i >= 0 {
		s.step(ProcessExited{i, num, End{Code: 1}})
		s.step(ProcessReady{i, num})
		s.step(ProcessStarted{i, num, 1})
		return
	}
	if i := slices.IndexFunc(s.cfg.Nodes, func(n Node) bool { return n.Name == name }); i >= 0 {
		s.step(Drained{i, num})
		return
	}
	node, stage := s.stage(name, true)
	s.step(StageExited{Node: node, Run: num, Stage: stage, End: End{Code: 1}})
}

func (s *script) processStarted(n int) {
	s.step(ProcessStarted{n, s.gens[n], 1000*(n+1) + s.gens[n]})
}

// pass lets time pass, and ticks at every deadline on the way.
func (s *script) pass(d time.Duration) {
	end := s.now.Add(d)
	for range 10000 {
		if !s.tick(end) {
			s.now = end
			return
		}
	}
	panic("time stands still: the deadline never moves on")
}

// tick goes on to the next deadline, if there is one by then.
func (s *script) tick(end time.Time) bool {
	at, ok := s.m.Deadline()
	if !ok || at.After(end) {
		return false
	}
	if at.After(s.now) {
		s.now = at
	}
	s.step(Tick{VCSBusy: s.busy && s.m.Settling()})
	return true
}

func (s *script) await(name string) {
	end := s.now.Add(time.Minute)
	for range 10000 {
		if s.runs(name) {
			return
		}
		if !s.tick(end) {
			break
		}
	}
	panic("it never runs")
}

func (s *script) runs(name string) bool {
	for i, n := range s.cfg.Nodes {
		if n.Process != nil && n.Name == name && s.m.nodes[i].p.live() {
			return true
		}
	}
	for key := range s.started {
		if s.stageName(key[0], key[1]) == name {
			return true
		}
	}
	return false
}

// step takes an event and notes what comes of it. A tick that leads to nothing
// is not worth a line.
func (s *script) step(ev Event) {
	actions := s.m.Step(s.now, ev)
	_, tick := ev.(Tick)
	_, touched := ev.(Touched) // which goes without saying, too
	if !tick && !touched || len(actions) > 0 {
		s.print("> " + describe(&s.cfg, ev))
	}
	for _, a := range actions {
		s.print("  " + describe(&s.cfg, a))
	}
	for _, a := range actions {
		s.answer(a)
	}
}

// answer does what the world always does.
func (s *script) answer(a Action) {
	switch a := a.(type) {
	case StartStage:
		s.started[[2]int{a.Node, a.Stage}] = a.Run
		s.names[[2]int{a.Node, a.Stage}] = s.cfg.stage(a.Node, a.Stage).Name
	case StartProcess:
		s.gens[a.Node] = a.Gen
		if !s.slowStart {
			s.processStarted(a.Node)
		}
	case Drain:
		if !s.slowDrain {
			s.step(Drained{a.Node, a.Run})
		}
	case Touch:
		s.step(Touched{a.Node, a.Run, ""})
	}
}

func (s *script) status(names []string) {
	for _, st := range s.m.Status() {
		if len(names) == 0 || slices.Contains(names, st.Name) {
			s.print("? " + describeStatus(&s.cfg, st))
		}
	}
}

// print writes a line, with the time where it has moved on.
func (s *script) print(line string) {
	stamp := ""
	if s.out.Len() == 0 || !s.lastTime.Equal(s.now) {
		stamp = since(s.now)
	}
	s.lastTime = s.now
	fmt.Fprintf(&s.out, "%-9s %s\n", stamp, line)
}

package watching

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"devloop/cmd/devbench/harness"
)

// How long a tool may take on the big tree, for its first run and for acting on
// a save. What takes longer is told as not ready.
const (
	mostReady = 90 * time.Second
	mostAct   = 1500 * time.Millisecond
)

// A readiness gathers what the starts of one tool on the big tree showed.
//
// A tool is ready when a save in the directory that it watched last leads to a
// run. Where a tool acts on a save made right after its own first run, that is
// one figure a start. Else probing must not be measured in its place (a probe
// that comes too soon is lost, the next has to wait until the tool's debounce
// has surely passed), so every start makes one save, half way between the
// latest one that was lost and the earliest one that was acted on.
type readiness struct {
	tool    *tool
	probe   string          // the file to save: in the directory watched last
	samples []time.Duration // of starts that were ready at once
	halving bool            // else: ready is between lost and acted
	lost    time.Duration
	acted   time.Duration
	acts    time.Duration // the longest from a save to its run, once ready
	pss     []int64       // KiB
	watches []int
	why     string // it never was ready
}

// bigProject makes the big tree once: `generated`, which is large, and `app`.
func (b *bench) bigProject() (generated, app project, err error) {
	if b.big == nil {
		s := bigShapes[b.tree]
		b.Progress("making %d directories with %d files …", s.dirs(), s.files)
		p, err := makeProject(b.Dir, "big", shape{outer: 2, files: 20})
		if err != nil {
			return project{}, project{}, err
		}
		app := p
		p.dirs, p.files = nil, nil
		if err := p.grow("generated", s); err != nil {
			return project{}, project{}, err
		}
		b.big, b.app = &p, &app
	}
	return *b.big, *b.app, nil
}

func (b *bench) ready() error {
	p, _, err := b.bigProject()
	if err != nil {
		return err
	}
	all, err := b.readiness("ready", p)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Stdout, "Ready on %d directories with %d files (a save in the directory that was watched last is acted on); %d starts of each tool:\n\n", bigShapes[b.tree].dirs(), bigShapes[b.tree].files, b.readies+1)
	return b.readyTable(all)
}

func (b *bench) ignored() (err error) {
	_, p, err := b.bigProject()
	if err != nil {
		return err
	}
	if err := p.ignore("generated"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.notice()) }()
	all, err := b.readiness("ignored", p)
	if err != nil {
		return err
	}
	fmt.Fprintf(b.Stdout, "Ready where git ignores these directories, and %d files in 2 others are left (a save of one of them is acted on); %d starts of each tool:\n\n", len(p.files), b.readies+1)
	return b.readyTable(all)
}

// readiness starts every tool several times on the tree, in turn.
func (b *bench) readiness(part string, p project) ([]*readiness, error) {
	var all []*readiness
	for _, t := range b.tools {
		if t.takesPart(part) {
			all = append(all, &readiness{tool: t, acts: mostAct, probe: anyOf(p.files)})
		}
	}
	for round := range b.readies + 1 {
		for _, r := range shuffled(all) {
			if r.why != "" {
				continue
			}
			if err := b.startOn(p, r, round); err != nil {
				return nil, fmt.Errorf("%s: %w", r.tool.name, err)
			}
			if r.why != "" {
				b.Progress("%s, %s: %s", part, r.tool.name, r.why)
			}
		}
		b.Progress("%s: round %d of %d", part, round+1, b.readies+1)
	}
	return all, nil
}

// startOn starts a tool on the tree once. The first round finds out how the
// tool behaves, and which directory it watches last; it counts only for memory.
func (b *bench) startOn(p project, r *readiness, round int) error {
	s, err := b.start(r.tool, p, 0)
	if err != nil {
		return err
	}
	defer s.stop()
	at := s.began
	if r.tool.initial {
		first, ok := b.ledger.wait(s.tag, s.began, mostReady, s.Gone)
		if !ok {
			r.why = "it never ran the command: " + s.OneLine()
			return b.Ctx.Err()
		}
		at = first.start
	}
	if r.tool.deaf {
		if round > 0 {
			r.samples = append(r.samples, at.sub(s.began))
		}
		return b.lookAt(s, p, r, round)
	}
	halve := r.halving && r.lost > 0 && r.acted > 0
	if halve {
		at = max(at, s.began.add((r.lost+r.acted)/2))
	}
	if err := b.Pause(at.sub(now())); err != nil {
		return err
	}
	lost, acted, err := b.probeUntil(s, r, halve)
	if err != nil || r.why != "" {
		return err
	}
	switch {
	case round == 0:
	case halve && acted > 0:
		r.acted = acted
	case halve:
		r.lost = lost
	case lost == 0:
		r.samples = append(r.samples, acted)
	default:
		r.halving, r.lost, r.acted = true, lost, acted
	}
	if acted == 0 {
		return nil
	}
	return b.lookAt(s, p, r, round)
}

// probeUntil saves the probe until the tool acts on it, or only once. The
// results are the times of the last save that was lost and of the one that was
// acted on, since the start; 0 if there was none.
func (b *bench) probeUntil(s *session, r *readiness, once bool) (lost, acted time.Duration, err error) {
	for {
		one, err := inPlace(r.probe)
		if err != nil {
			return 0, 0, err
		}
		if _, ok := b.ledger.wait(s.tag, one.began, r.acts, s.Gone); ok {
			return lost, one.began.sub(s.began), nil
		}
		lost = one.began.sub(s.began)
		switch {
		case b.Ctx.Err() != nil:
			return 0, 0, b.Ctx.Err()
		case s.Ended():
			r.why = "it ended: " + s.OneLine()
			return 0, 0, nil
		case now().sub(s.began) > mostReady:
			r.why = fmt.Sprintf("it acted on no save within %v: %s", mostReady, s.OneLine())
			return 0, 0, nil
		case once:
			return lost, 0, nil
		}
	}
}

// lookAt measures a tool that is ready.
func (b *bench) lookAt(s *session, p project, r *readiness, round int) error {
	if err := b.Pause(1200 * time.Millisecond); err != nil {
		return err
	}
	if round == 0 && !r.tool.deaf {
		var longest time.Duration
		for range 3 {
			one, err := inPlace(anyOf(p.files))
			if err != nil {
				return err
			}
			run, ok := b.ledger.wait(s.tag, one.began, 2*mostAct, s.Gone)
			if !ok {
				longest = mostAct
			}
			longest = max(longest, run.start.sub(one.began))
			if err := b.Pause(1200 * time.Millisecond); err != nil {
				return err
			}
		}
		r.acts = min(max(2*longest, longest+200*time.Millisecond), 2*mostAct)
		if inode, err := lastWatched(s.Cmd.Process.Pid); err == nil {
			if path := p.fileAt(inode); path != "" {
				r.probe = path
			}
		}
	}
	if err := b.atRest(s); err != nil {
		return err
	}
	if s.Ended() { // some end when the limit of watches is reached, after they have acted on a save
		r.why = "it ended: " + s.OneLine()
		return nil
	}
	if v, err := vitalsOf(s.Cmd.Process.Pid); err == nil {
		r.pss, r.watches = append(r.pss, v.pss), append(r.watches, v.watches)
	}
	return nil
}

// Memory is measured when a tool is at rest: some go on reading files after
// they are ready, or give memory back some seconds later, and what they hold
// meanwhile is not what they keep.
const (
	restSlice  = 5 * time.Second
	restEffort = 25 * time.Millisecond // of a CPU, in a slice
	mostRest   = time.Minute
)

// atRest waits until the tool does nothing any more.
func (b *bench) atRest(s *session) error {
	for began, quiet := now(), 0; quiet < 3 && now().sub(began) < mostRest && !s.Ended(); quiet++ {
		before, err := effortOf(s.Cmd.Process.Pid)
		if err != nil {
			return nil // it ends, or this system does not tell
		}
		if err := b.Pause(restSlice); err != nil {
			return err
		}
		after, err := effortOf(s.Cmd.Process.Pid)
		if err != nil {
			return nil
		}
		if after.cpu-before.cpu >= restEffort {
			quiet = -1
		}
	}
	return nil
}

// fileAt is a watched file that has this inode or is in the directory that has
// it; "" if there is none.
func (p project) fileAt(inode uint64) string {
	for _, dir := range p.dirs {
		if inodeOf(dir) == inode {
			if files, _ := filepath.Glob(filepath.Join(dir, "*.txt")); len(files) > 0 {
				return anyOf(files)
			}
		}
	}
	for _, path := range p.files {
		if inodeOf(path) == inode {
			return path
		}
	}
	return ""
}

// time is the time that stands in the table, and how it reads there.
func (r *readiness) time() (time.Duration, string) {
	if r.halving {
		return r.acted, fmt.Sprintf("%s … %s", harness.Millis(r.lost), harness.Millis(r.acted))
	}
	middle, ok := harness.Median(r.samples), len(r.samples) > 0
	if !ok {
		return 0, harness.None
	}
	least := harness.Quantile(r.samples, 0)
	most := harness.Quantile(r.samples, 1)
	return middle, fmt.Sprintf("%s (%s … %s)", harness.Millis(middle), harness.Millis(least), harness.Millis(most))
}

func (b *bench) readyTable(all []*readiness) error {
	var walk time.Duration
	for _, r := range all {
		if r.tool.name == "walk" {
			walk, _ = r.time()
		}
	}
	var t harness.Table
	t.Row("", "ready after, ms", "times the C walk", "memory (PSS), MiB", "inotify watches")
	for _, r := range all {
		if r.why != "" {
			t.Row(r.tool.label(), "never: "+harness.Escape(r.why), harness.None, harness.None, harness.None)
			continue
		}
		took, text := r.time()
		memory, watches := harness.None, harness.None
		if kib := harness.Median(r.pss); len(r.pss) > 0 {
			memory = fmt.Sprintf("%.1f", float64(kib)/1024)
		}
		if n := harness.Median(r.watches); len(r.watches) > 0 {
			watches = fmt.Sprint(n)
		}
		t.Row(r.tool.label(), text, harness.Ratio(took, walk), memory, watches)
	}
	return t.Write(b.Stdout)
}

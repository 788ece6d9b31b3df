// Package reusing measures what stages with `reuse` save, and what it costs to look for an earlier pass and to keep one. It
// measures whole processes, from outside.
package reusing

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"devloop/cmd/devbench/harness"
)

// patience is how long one measurement may take.
const patience = 2 * time.Minute

// rest is how long nothing happens between two saves.
const rest = 300 * time.Millisecond

// stages is how many a project has.
const stages = 3

// Part is what can be measured.
var Part = harness.Part{Verbs: []string{"reuse"}, Run: run}

// run measures; args are the flags.
func run(ctx context.Context, _, args []string, stdout, stderr io.Writer) (err error) {
	f := harness.NewFlags(stderr, "reuse")
	var (
		rounds = f.Int("rounds", 11, "how often each is measured; medians are printed")
		files  = f.Int("files", 10000, "files that each stage depends on")
		stage  = f.Duration("stage", 2*time.Second, "how long each of the stages takes that are reused")
		long   = f.Duration("long", 5*time.Second, "how long the stage takes that never is")
	)
	if err := f.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *files < 1 || *stage < 0 || *long <= 0 {
		return errors.New("-rounds, -files and -long must be positive, and -stage not negative")
	}
	b := &bench{rounds: *rounds}
	if b.Bench, err = f.Begin(ctx, "", stdout, stderr); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, measure := range []func() error{
		func() error { return b.undo(min(*files, small), *stage) },
		func() error { return b.undo(*files, *stage) },
		b.starts,
		func() error { return b.misses(*long) },
	} {
		if err := measure(); err != nil {
			return err
		}
	}
	return nil
}

// small is how many files a project has that is not large.
const small = 100

type bench struct {
	*harness.Bench
	rounds int
	files  int // of the current project, beside the one that is edited
}

// project is the directory of the current one.
func (b *bench) project() string { return filepath.Join(b.Dir, strconv.Itoa(b.files)) }

// edited is the file that changes.
func (b *bench) edited() string { return filepath.Join(b.project(), "edited.txt") }

func (b *bench) edit(text string) error {
	if err := os.WriteFile(b.edited(), []byte(text), 0o666); err != nil {
		return fmt.Errorf("edit a file: %w", err)
	}
	return nil
}

// makeFiles makes the files of a project, a hundred in a directory.
func (b *bench) makeFiles(count int) error {
	b.files = count
	b.Progress("making %d files", b.files)
	for i := range b.files {
		dir := filepath.Join(b.project(), "src", fmt.Sprintf("d%03d", i/100))
		if i%100 == 0 {
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return fmt.Errorf("make a directory: %w", err)
			}
		}
		text := strings.Repeat(fmt.Sprintf("line of file %d\n", i), 100)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%02d.txt", i%100)), []byte(text), 0o666); err != nil {
			return fmt.Errorf("make a file: %w", err)
		}
	}
	return b.edit("0")
}

// configure writes the project's devloop.yaml: stages that sleep.
func (b *bench) configure(count int, sleep time.Duration, reuse bool) error {
	var text strings.Builder
	text.WriteString("watchers:\n  check:\n    watch: [src, edited.txt]\n    stages:\n")
	for i := range count {
		fmt.Fprintf(&text, "      - {name: s%d, run: [sleep, %q], reuse: %v}\n", i, strconv.FormatFloat(sleep.Seconds(), 'f', 3, 64), reuse)
	}
	if err := os.WriteFile(filepath.Join(b.project(), "devloop.yaml"), []byte(text.String()), 0o666); err != nil {
		return fmt.Errorf("write devloop.yaml: %w", err)
	}
	return nil
}

// call is a call of devloop in the project.
func (b *bench) call(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.Ctx, b.Devloop, args...)
	cmd.Dir = b.project()
	cmd.Env = append(os.Environ(), "DEVLOOP_RUNTIME_DIR="+filepath.Join(b.Dir, "run"), "XDG_STATE_HOME="+filepath.Join(b.Dir, "state"),
		"XDG_CACHE_HOME="+filepath.Join(b.Dir, "cache"), "HOME="+filepath.Join(b.Dir, "home"), "DEVLOOP_REUSE=")
	return cmd
}

// event is one of the loop.
type event struct {
	T       time.Duration
	Kind    string
	arrived time.Time
}

// loop is a running loop, with what it tells. Its output goes to a pipe: a file would be looked at among those of the project.
type loop struct {
	cmd    *exec.Cmd
	said   output
	gone   chan struct{} // closed when it has ended
	events chan event
	end    func()
}

// output is what a loop has written.
type output struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// stop ends the loop, as Ctrl-C does.
func (l *loop) stop() {
	_ = l.cmd.Process.Signal(os.Interrupt) // else it is killed
	patience := time.NewTimer(10 * time.Second)
	defer patience.Stop()
	select {
	case <-l.gone:
	case <-patience.C:
		_ = l.cmd.Process.Kill()
		<-l.gone
	}
}

// start starts the loop, and returns when its first run has passed.
func (b *bench) start() (l *loop, err error) {
	l = &loop{cmd: b.call(), gone: make(chan struct{}), events: make(chan event, 1000)}
	l.cmd.Stdout, l.cmd.Stderr = &l.said, &l.said
	if err := l.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start devloop: %w", err)
	}
	go func() {
		_ = l.cmd.Wait() // how it ended says nothing: it was told to
		close(l.gone)
	}()
	l.end = l.stop
	if err := b.passed(l); err != nil {
		l.end()
		return nil, err
	}
	return l, nil
}

// follow reads the events of a loop.
func (b *bench) follow(l *loop) error {
	reader := b.call("events")
	out, err := reader.StdoutPipe()
	if err == nil {
		err = reader.Start()
	}
	if err != nil {
		return fmt.Errorf("read events: %w", err)
	}
	l.end = func() {
		l.stop()
		_ = reader.Wait() // it ends with the loop
	}
	go func() {
		defer close(l.events)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			m := event{arrived: time.Now()}
			if json.Unmarshal(lines.Bytes(), &m) == nil {
				l.events <- m
			}
		}
	}()
	_, err = b.await(l, "subscribed")
	return err
}

// passed waits until the first run has passed.
func (b *bench) passed(l *loop) error {
	for until := time.Now().Add(patience); time.Now().Before(until); {
		if strings.Contains(l.said.String(), "✓ passed in") {
			return nil
		}
		select {
		case <-l.gone:
			return fmt.Errorf("the first run has not passed: %s", l.said.String())
		default:
		}
		if err := b.Pause(time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the first run has not passed: %s", l.said.String())
}

// await is the next event of a kind.
func (b *bench) await(l *loop, kind string) (event, error) {
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		select {
		case m, ok := <-l.events:
			if !ok {
				return m, fmt.Errorf("the loop has ended: %s", l.said.String())
			}
			if m.Kind == kind {
				return m, nil
			}
		case <-limit.C:
			return event{}, fmt.Errorf("no %q: %s", kind, l.said.String())
		case <-b.Ctx.Done():
			return event{}, b.Ctx.Err()
		}
	}
}

// save edits the file, and tells how long it took until the run began, and from there until it passed.
func (b *bench) save(l *loop, text string) (begun, passed time.Duration, err error) {
	if err := b.Pause(rest); err != nil { // a person takes longer; one save right after the other is a burst
		return 0, 0, err
	}
	before := time.Now()
	if err := b.edit(text); err != nil {
		return 0, 0, err
	}
	start, err := b.await(l, "run started")
	if err != nil {
		return 0, 0, err
	}
	end, err := b.await(l, "run passed")
	if err != nil {
		return 0, 0, err
	}
	return start.arrived.Sub(before), end.T - start.T, nil
}

// undo measures an edit that is taken back.
func (b *bench) undo(files int, sleep time.Duration) error {
	if err := b.makeFiles(files); err != nil {
		return err
	}
	if err := b.configure(stages, sleep, true); err != nil {
		return err
	}
	b.Progress("an edit is taken back, %d times", b.rounds)
	l, err := b.start()
	if err != nil {
		return err
	}
	defer func() { l.end() }()
	if err := b.follow(l); err != nil {
		return err
	}
	var begun, passed []time.Duration
	for i := range b.rounds*2 + 1 {
		before, stages, err := b.save(l, strconv.Itoa((i+1)%2))
		if err != nil {
			return err
		}
		if i > 0 { // the first one runs
			begun, passed = append(begun, before), append(passed, stages)
		}
	}
	fmt.Fprintf(b.Stdout, "An edit of one file of %d is taken back, and %d stages of %v have passed before, ms, median of %d:\n\n", b.files+1, stages, sleep, len(begun))
	var t harness.Table
	t.Row("from the save until the run begins", "from there until it has passed", "longest")
	t.Row(harness.Millis(harness.Median(begun)), harness.Millis(harness.Median(passed)), harness.Millis(harness.Greatest(passed)))
	return t.Write(b.Stdout)
}

// starts measures starts in a tree in which everything has passed.
func (b *bench) starts() error {
	b.Progress("starts on a tree that has passed, %d times", b.rounds)
	if err := b.edit("0"); err != nil {
		return err
	}
	var runs, loops []time.Duration
	for range b.rounds {
		began := time.Now()
		out, err := b.call("run").CombinedOutput()
		if err != nil || !strings.Contains(string(out), fmt.Sprintf("%d of %d stages reused", stages, stages)) {
			return fmt.Errorf("devloop run: %w\n%s", err, out)
		}
		runs = append(runs, time.Since(began))
		began = time.Now()
		l, err := b.start()
		if err != nil {
			return err
		}
		loops = append(loops, time.Since(began))
		l.end()
	}
	fmt.Fprintf(b.Stdout, "A start on a tree of %d files that has not changed since its %d stages passed, ms, median of %d:\n\n", b.files+1, stages, b.rounds)
	var t harness.Table
	t.Row("", "until all stages have passed", "longest")
	t.Row("`devloop run`, with its end", harness.Millis(harness.Median(runs)), harness.Millis(harness.Greatest(runs)))
	t.Row("`devloop`", harness.Millis(harness.Median(loops)), harness.Millis(harness.Greatest(loops)))
	return t.Write(b.Stdout)
}

// misses measures a stage that never has its earlier inputs, with `reuse` and without, by turns.
func (b *bench) misses(sleep time.Duration) error {
	b.Progress("edits that are all new, %d times with reuse and without", b.rounds)
	took := map[bool][]time.Duration{}
	for i := range b.rounds {
		for _, reuse := range []bool{i%2 == 0, i%2 != 0} {
			if err := b.configure(1, sleep, reuse); err != nil {
				return err
			}
			if err := b.edit("new " + unique(i, 0, reuse)); err != nil {
				return err
			}
			l, err := b.start()
			if err != nil {
				return err
			}
			var passed time.Duration
			if err = b.follow(l); err == nil {
				_, passed, err = b.save(l, "new "+unique(i, 1, reuse))
			}
			l.end()
			if err != nil {
				return err
			}
			took[reuse] = append(took[reuse], passed)
		}
	}
	without, with := harness.Median(took[false]), harness.Median(took[true])
	fmt.Fprintf(b.Stdout, "A stage of %v that depends on %d files and never has its earlier inputs, ms, median of %d:\n\n", sleep, b.files+1, b.rounds)
	var t harness.Table
	t.Row("without `reuse`", "with it", "more", "share")
	t.Row(harness.Millis(without), harness.Millis(with), harness.Millis(with-without), fmt.Sprintf("%.2f %%", 100*float64(with-without)/float64(without)))
	return t.Write(b.Stdout)
}

// unique is a text that no other edit has.
func unique(round, edit int, reuse bool) string { return fmt.Sprint(round, edit, reuse) }

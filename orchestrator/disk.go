package orchestrator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/filewatch"
	"devloop/orchestrator/graph"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/memrelease"
	"devloop/schema"
)

// watch begins to watch what the configuration asks for, and its own files.
func (l *loop) watch() (err error) {
	if l.opt.Once {
		return nil
	}
	owner := filewatch.Owner{Context: l.ctx, Disk: l.disk, Own: l.own, Go: l.onDisk.Go, Note: l.note, Notice: l.screen.Notice,
		Post: func(ev filewatch.Event) bool { return l.hand(ev) }}
	started := func() bool { return l.started }
	if !l.opt.NoWatch {
		memrelease.Begin()
		l.files, err = filewatch.New(filewatch.Options{Owner: owner, Poll: l.pollingOf(l.cfg), Started: started,
			Config:  func() (*schema.Config, *graph.Graph) { return l.cfg, l.graph },
			Changed: l.changed, Settling: l.settling, Busy: l.runner.RunsStages, Writing: l.writing, Opened: l.watching})
		if err != nil {
			return err
		}
	}
	if l.opt.Reload == nil {
		return nil
	}
	for _, n := range l.graph.Nodes {
		l.prints = append(l.prints, l.fingerprint(l.cfg, n))
	}
	l.sources, err = filewatch.OpenConfigFiles(filewatch.ConfigOptions{Owner: owner, Started: started, Ending: l.machine.Ending, Load: l.loadConfig,
		NoAnswer: func(paths []string) { l.reloaded(paths, errNoAnswer) }}, sourcePaths(l.cfg.Sources), l.pollingOf(l.cfg))
	return err
}

// settling is until when the machine only collects changes.
func (l *loop) settling() (until time.Time, ok bool) {
	until, ok = l.machine.Deadline()
	return until, ok && l.machine.Settling()
}

// changed tells the machine what has changed. Nodes that are not in the graph yet
// have nothing to hear of: they begin later.
func (l *loop) changed(changes []machine.Change) {
	for i := range changes {
		changes[i].Nodes = slices.DeleteFunc(changes[i].Nodes, func(node int) bool {
			return node >= len(l.graph.Nodes) || l.graph.Nodes[node].Gone
		})
	}
	changes = slices.DeleteFunc(changes, func(c machine.Change) bool { return len(c.Nodes) == 0 })
	if len(changes) > 0 {
		l.step(machine.FilesChanged{Changes: changes})
	}
}

// pollingOf is how often everything is to be looked at, where events are not to be
// relied on; nil if they are.
func (l *loop) pollingOf(cfg *schema.Config) *time.Duration {
	if l.opt.Poll != nil {
		return l.opt.Poll
	}
	return cfg.Poll
}

// note tells what those who watch have to say of the system, and each thing once:
// the files of the configuration meet the same limits as the tree.
func (l *loop) note(notes ...string) {
	for _, note := range notes {
		if !l.noted[note] {
			l.noted[note] = true
			l.screen.Notice(note)
		}
	}
}

// hand is post for what must be closed if nobody takes it any more.
func (l *loop) hand(ev any) bool {
	select {
	case l.events <- ev:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// touch touches the triggers of a watcher.
func (l *loop) touch(a machine.Touch) {
	var paths []string
	for _, t := range l.plan(a.Node).Triggers {
		paths = append(paths, t.Abs)
	}
	errs := make([]error, len(paths))
	l.disk.Add(diskqueue.Job{
		Paths: paths,
		Do: func(i int) {
			if errs[i] = touchFile(paths[i]); errs[i] == nil {
				l.files.Touched(paths[i])
			}
		},
		Done: func(hung []bool) {
			ev := machine.Touched{Node: a.Node, Run: a.Run}
			for i, path := range paths {
				err := errs[i]
				if hung != nil && hung[i] {
					err = errHung
				}
				if err != nil {
					ev.Err = fmt.Sprintf("cannot touch the trigger %s: %v", l.screen.Paths([]string{path}), reasonOf(err))
					break
				}
			}
			l.step(ev)
		},
	})
}

// errHung says that a file system has been waited for long enough.
var errHung = errors.New("the file system does not respond")

// reasonOf is what the system says, without the name of its call.
func reasonOf(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// drain answers once everything written so far has been delivered.
func (l *loop) drain(d machine.Drained) {
	if l.files == nil {
		l.queue = append(l.queue, d)
		return
	}
	l.files.Sync(func() { l.step(d) })
}

// diskHangs tells of a file system that does not answer.
func (l *loop) diskHangs(path string) {
	l.screen.Notice(fmt.Sprintf("%s: the file system has not answered for %v; until it does, every change there counts, whatever the file contains", path, diskqueue.Patience))
}

// diskAnswers tells that it does again.
func (l *loop) diskAnswers(place string) {
	l.screen.Notice(place + ": the file system responds again")
	l.files.Answers()
}

// leaveFor is how long the end of the loop waits for a disk.
const leaveFor = 2 * time.Second

// leaveDisk closes what may have to wait for a disk, and does not wait for long.
func (l *loop) leaveDisk() error {
	l.disk.Close(leaveFor)
	var mu sync.Mutex // guards errs
	var errs []error
	add := func(err error) {
		mu.Lock()
		defer mu.Unlock()
		errs = append(errs, err)
	}
	if l.files != nil {
		l.onDisk.Go(func() { add(l.files.Close()) })
	}
	if l.sources != nil {
		l.onDisk.Go(func() { add(l.sources.Close()) })
	}
	l.onDisk.Go(func() { add(l.runner.CloseScratch()) })
	left := make(chan struct{})
	go func() {
		l.onDisk.Wait()
		close(left)
	}()
	timer := time.NewTimer(leaveFor)
	defer timer.Stop()
	select {
	case <-left:
	case <-timer.C:
		return errors.New("a file system does not respond; devloop ends without waiting for it")
	}
	// What has been opened, and nobody has looked at.
	for {
		select {
		case ev := <-l.events:
			if ev, ok := ev.(filewatch.Event); ok {
				add(ev.Close())
			}
		default:
			return errors.Join(errs...)
		}
	}
}

// touchFile sets the file's times to now, and makes it if need be.
func touchFile(path string) error {
	now := time.Now()
	err := os.Chtimes(path, now, now)
	if !os.IsNotExist(err) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

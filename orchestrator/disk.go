package orchestrator

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/memrelease"
	"devloop/schema"
)

// watch begins to watch what the configuration asks for.
func (l *loop) watch() (err error) {
	if l.opt.Once || l.opt.NoWatch {
		return nil
	}
	memrelease.Begin()
	l.files, err = newFilewatch(l.watchHost(), l.disk, &l.own, l.cfg, l.graph, l.polling())
	return err
}

func (l *loop) watchHost() watchHost {
	return watchHost{
		ctx: l.ctx, goroutine: l.onDisk.Go, post: l.post, hand: l.hand, asks: l.asks, discard: l.discard,
		changed: l.changed,
		far: func(now time.Time) bool {
			at, ok := l.machine.Deadline()
			return ok && at.Sub(now) >= farAhead && l.machine.Settling()
		},
		working: l.runner.RunsStages,
		writing: l.writing,
		started: func() bool { return l.started },
		note:    l.note,
		notice:  l.screen.Notice,
		warn:    l.screen.Notice,
	}
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

// polling is how often everything is to be looked at, where events are not to
// be relied on; nil if they are.
func (l *loop) polling() *time.Duration { return l.pollingOf(l.cfg) }

func (l *loop) pollingOf(cfg *schema.Config) *time.Duration {
	if l.opt.Poll != nil {
		return l.opt.Poll
	}
	return cfg.Poll
}

// note tells what the sights have to say of the system, and each thing once:
// the files of the configuration meet the same limits as the tree, and so does
// the next sight.
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

// discard closes a sight that nobody looks at any more.
func (l *loop) discard(s *sight) {
	if s == nil {
		return
	}
	l.onDisk.Go(func() {
		if err := s.close(); err != nil {
			l.post(noticeEvent{err.Error()})
		}
	})
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
			if errs[i] = touchFile(paths[i]); errs[i] == nil && l.files != nil {
				l.files.times.note(paths[i])
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
	l.files.sync(func() { l.step(d) })
}

// diskHangs tells of a file system that does not answer.
func (l *loop) diskHangs(path string) {
	l.screen.Notice(fmt.Sprintf("%s: the file system has not answered for %v; until it does, every change there counts, whatever the file contains", path, diskqueue.Patience))
}

// diskAnswers tells that it does again.
func (l *loop) diskAnswers(place string) {
	l.screen.Notice(place + ": the file system responds again")
	l.files.answers()
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
		l.onDisk.Go(func() { add(l.files.close()) })
	}
	if l.sources != nil {
		l.onDisk.Go(func() { add(l.sources.close()) })
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
	// Sights that have opened, and that nobody has looked at.
	for {
		select {
		case ev := <-l.events:
			if unseen, ok := ev.(reopenedEvent); ok && unseen.sight != nil {
				add(unseen.sight.close())
			}
		default:
			return errors.Join(errs...)
		}
	}
}

package orchestrator

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/fswatch"
	"devloop/orchestrator/gitignore"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/watchset"
	"devloop/schema"
)

// slashed brings a path to the form that patterns match.
func slashed(path string) string { return filepath.ToSlash(path) }

// watch begins to watch what the configuration asks for.
func (l *loop) watch() error {
	if l.opt.Once || l.opt.NoWatch {
		return nil
	}
	l.git = gitignore.New(l.cfg.Dir)
	l.set = watchset.New(l.cfg, l.graph, l.git)
	l.contents = contents.New(time.Now())
	for _, path := range l.set.Touchables() {
		l.noteTime(path)
	}
	l.lockFile = gitLock(l.cfg.Dir)
	w, err := fswatch.Open(fswatch.Options{
		Roots:   l.set.Roots(),
		Descend: l.set.Descend,
		Want:    func(path string) bool { return l.set.Wants(path) || l.git.IsRuleFile(path) },
	})
	if err != nil {
		return err
	}
	l.watcher = w
	return nil
}

// learn reads every watched file once, beside everything else, so that already
// the first save of the same bytes is known to be none.
func (l *loop) learn() {
	u := newUnmatched(l.cfg, l.set)
	l.goroutine(func() {
		for path := range l.set.Files() {
			if l.ctx.Err() != nil {
				return
			}
			l.contents.Learn(path)
			u.see(path)
		}
		l.contents.Learned()
		l.post(learnedEvent{u.warnings()})
	})
}

// learnedEvent says that every watched file has been read, and which patterns
// none of them matched.
type learnedEvent struct{ warnings schema.Mistakes }

// takeChanges turns what the watcher has gathered into events.
func (l *loop) takeChanges() {
	if l.watcher == nil {
		return
	}
	batch := l.watcher.Take()
	for _, n := range batch.Notices {
		l.say.notice(n)
	}
	var ev machine.FilesChanged
	add := func(c machine.Change) {
		if len(c.Nodes) > 0 {
			ev.Changes = append(ev.Changes, c)
		}
	}
	if batch.Overflow {
		// What was lost may be anything, even that files have gone.
		l.contents.Forget()
		for _, root := range l.set.Roots() {
			add(machine.Change{Path: root, Nodes: l.set.WakesBelow(root)})
		}
	}
	rules := false
	for _, c := range batch.Changes {
		if l.git.IsRuleFile(c.Path) {
			l.git.Invalidate(c.Path)
			rules = true
		}
		if c.Dir {
			// Files have gone with it, and nobody knows which.
			l.contents.Forget()
			add(machine.Change{Path: c.Path, Nodes: l.set.WakesBelow(c.Path)})
		} else if change, counts := l.judge(c); counts {
			change.Nodes = l.set.Wakes(c.Path)
			add(change)
		}
	}
	if rules {
		l.watcher.Refilter()
	}
	if len(ev.Changes) > 0 {
		l.step(ev)
	}
	if len(batch.Synced) > 0 {
		// Whoever has ended has written what it meant to write.
		l.settleEmptied(time.Now().Add(emptyQuiet))
	}
	for _, token := range batch.Synced {
		if drained, ok := l.drains[token]; ok {
			delete(l.drains, token)
			l.step(drained)
		}
	}
}

// judge tells whether an event is a change: whether the file holds something
// else than before. A mere touch (fsnotify reports it like a chmod) counts for
// triggers and for what a process's watch names, and then the time tells it
// from other news about attributes. What devloop touched itself is known by
// its time, and dropped.
func (l *loop) judge(c fswatch.Change) (change machine.Change, counts bool) {
	change.Path = c.Path
	if l.set.Trigger(c.Path) {
		change.AtOnce = l.noteTime(c.Path)
		return change, change.AtOnce
	}
	touched := l.set.Touchable(c.Path) && l.noteTime(c.Path)
	look := l.contents.Look(c.Path)
	if touched {
		look = l.contents.Settle(c.Path) // it counts now, whatever it holds
	}
	if look.Emptied {
		l.emptied[c.Path] = time.Now().Add(emptyQuiet)
	} else {
		delete(l.emptied, c.Path)
	}
	return change, touched || look.Changed
}

// emptyQuiet is how long a file that was emptied has until it is written: the
// two are one save.
const emptyQuiet = 50 * time.Millisecond

// settleEmptied counts the files that have stayed empty.
func (l *loop) settleEmptied(now time.Time) {
	var ev machine.FilesChanged
	for path, at := range l.emptied {
		if at.After(now) {
			continue
		}
		delete(l.emptied, path)
		if nodes := l.set.Wakes(path); l.contents.Settle(path).Changed && len(nodes) > 0 {
			ev.Changes = append(ev.Changes, machine.Change{Path: path, Nodes: nodes})
		}
	}
	if len(ev.Changes) > 0 {
		slices.SortFunc(ev.Changes, func(a, b machine.Change) int { return strings.Compare(a.Path, b.Path) })
		l.step(ev)
	}
}

// noteTime remembers the modification time of a file, and tells whether it is
// another than before. A file that is gone has no news.
func (l *loop) noteTime(path string) (fresh bool) {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	fresh = !info.ModTime().Equal(l.touched[path])
	l.touched[path] = info.ModTime()
	return fresh
}

// touch touches the triggers of a watcher.
func (l *loop) touch(node int) {
	for _, t := range l.graph.Nodes[node].Watcher.Triggers {
		if err := touchFile(t.Abs); err != nil {
			l.say.trouble(node, err)
			continue
		}
		l.noteTime(t.Abs)
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

// drain answers once everything written so far has been delivered.
func (l *loop) drain(d machine.Drained) {
	if l.watcher == nil {
		l.queue = append(l.queue, d)
		return
	}
	l.tokens++
	l.drains[l.tokens] = d
	l.watcher.Sync(l.tokens)
}

// vcsBusy tells whether git is rewriting the tree, if anybody asks.
func (l *loop) vcsBusy() bool {
	if l.lockFile == "" || !l.machine.Settling() {
		return false
	}
	_, err := os.Lstat(l.lockFile)
	return err == nil
}

// gitLock is the path of the index lock of the repository that dir is in: git
// holds it while it rewrites the work tree. Empty if there is no repository.
func gitLock(dir string) string {
	for {
		git := filepath.Join(dir, ".git")
		info, err := os.Stat(git)
		switch {
		case err == nil && info.IsDir():
			return filepath.Join(git, "index.lock")
		case err == nil:
			// A worktree or a submodule: the file says where its directory is.
			text, err := os.ReadFile(git)
			target, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
			if err != nil || !ok {
				return ""
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(dir, target)
			}
			return filepath.Join(target, "index.lock")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

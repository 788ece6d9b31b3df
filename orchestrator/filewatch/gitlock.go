package filewatch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"devloop/schema/smallfile"
)

// gitLocks knows the index locks of the projects' repositories: git holds one while it rewrites the work
// tree. A lock that a crash has left behind is reported once and ignored.
type gitLocks struct {
	met    map[string]metLock
	looked time.Time // when the system was last asked whether git runs
	runs   bool      // its answer
}

// metLock is a lock that was found.
type metLock struct {
	info  os.FileInfo
	since time.Time // when it was first found
	left  bool      // it was left behind
}

const (
	lockPatience = 10 * time.Second // how old a lock is that no git holds any more
	lockOrphan   = time.Second      // the same, if no git runs at all
)

// busy tells whether git is at work in a repository of one of the directories, and returns notes to show. A
// repository may appear while the loop runs.
func (g *gitLocks) busy(dirs []string, now time.Time) (busy bool, notes []string) {
	for _, dir := range dirs {
		lock := gitLock(dir)
		if lock == "" {
			continue
		}
		info, err := os.Lstat(lock)
		if err != nil {
			delete(g.met, lock)
			continue
		}
		m, known := g.met[lock]
		if !known || !os.SameFile(m.info, info) || !m.info.ModTime().Equal(info.ModTime()) {
			m = metLock{info: info, since: now}
		}
		// The clock may have been set back since the file was made.
		age := max(now.Sub(info.ModTime()), now.Sub(m.since))
		if !m.left && (age >= lockPatience || age >= lockOrphan && !g.gitRuns(now)) {
			m.left = true
			notes = append(notes, fmt.Sprintf("%s is %s old: git has left it behind, and devloop no longer waits for it; remove it if git is not running", lock, age.Round(time.Second)))
		}
		if g.met == nil {
			g.met = map[string]metLock{}
		}
		g.met[lock] = m
		busy = busy || !m.left
	}
	return busy, notes
}

// gitRuns tells whether any git runs; true where the system does not tell. It asks once a second.
func (g *gitLocks) gitRuns(now time.Time) bool {
	if now.Sub(g.looked) >= time.Second {
		g.looked, g.runs = now, gitRuns()
	}
	return g.runs
}

func gitRuns() bool {
	names, err := filepath.Glob("/proc/[0-9]*/comm")
	if err != nil || len(names) == 0 {
		return true
	}
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil && strings.HasPrefix(string(text), "git") {
			return true
		}
	}
	return false
}

// gitLock is the path of the index lock of the repository that dir is in. Empty if
// there is no repository.
func gitLock(dir string) string {
	for {
		git := filepath.Join(dir, ".git")
		info, err := os.Stat(git)
		switch {
		case err == nil && info.IsDir():
			return filepath.Join(git, "index.lock")
		case err == nil:
			// In a worktree or a submodule the file names its directory.
			text, err := smallfile.Read(git)
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

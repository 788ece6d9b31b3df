package fswatch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// TestModel changes a tree at random, while the watcher is at work, and now and then waits for a barrier. Then every
// file whose content is another than at the barrier before, or which has come or gone, must have been reported; and
// every directory must be watched: a write in any of them is reported. Events are lost now and then too.
func TestModel(t *testing.T) {
	seeds, rounds := testenv.Either(10, 40), 12
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			m := newModel(t, uint64(seed))
			for round := range rounds {
				m.round(round)
				if t.Failed() {
					t.Logf("what was done:\n%s", strings.Join(m.log, "\n"))
					return
				}
			}
		})
	}
}

type model struct {
	watched
	*rand.Rand
	base string // holds the root "in", and "out", where trees are moved to and links lead
	root string
	log  []string
}

func newModel(t *testing.T, seed uint64) *model {
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := &model{watched: watched{T: t}, Rand: rand.New(rand.NewPCG(seed, 1)), base: base, root: filepath.Join(base, "in")}
	m.do("mkdir", "in", "out")
	for range 15 {
		m.change()
	}
	m.do("mkdir", "in")
	m.start(Options{Roots: []string{m.root}, Descend: descend, Want: want})
	return m
}

// descend and want leave some of the tree out. They agree, because a link that is left out as what it is today is not
// watched for becoming something else.
func descend(dir string) bool { return want(dir) }
func want(path string) bool   { return filepath.Base(path) != "skip" }

func (m *model) round(n int) {
	before := m.snapshot()
	lossy := ordered && m.IntN(6) == 0
	if lossy {
		m.note("lose events")
		m.loseEvents()
	}
	for range 1 + m.IntN(12) {
		m.change()
		if m.IntN(4) == 0 {
			runtime.Gosched()
		}
	}
	if lossy {
		m.overflow()
		m.note("no more")
		for range m.IntN(6) {
			m.change()
		}
	}
	if m.IntN(8) == 0 {
		m.note("refilter")
		m.w.Refilter()
	}
	m.compare(fmt.Sprint("round ", n), before)

	// No directory is deaf.
	if _, err := os.Lstat(m.root); err != nil {
		m.do("mkdir", "in")
		m.settle()
	}
	before = m.snapshot()
	for _, dir := range m.dirs(m.root) {
		if info, err := os.Lstat(filepath.Join(dir, "deaf")); err == nil && !info.Mode().IsRegular() {
			continue
		}
		m.do("write", m.rel(filepath.Join(dir, "deaf")))
	}
	m.compare(fmt.Sprint("writes everywhere after round ", n), before)
}

func (m *model) rel(path string) string { return strings.TrimPrefix(path, m.base+separator) }

func (m *model) note(what string) { m.log = append(m.log, what) }

// do changes the tree; what the system refuses is no matter.
func (m *model) do(verb string, args ...string) {
	err := edit(verb, args, func(p string) string { return filepath.Join(m.base, p) })
	line := verb + " " + strings.Join(args, " ")
	if err != nil {
		line += "   # refused"
	}
	m.note(line)
}

// path makes one up, of names that meet often.
func (m *model) path(base string, depth int) string {
	for range 1 + m.IntN(depth) {
		base = filepath.Join(base, []string{"a", "b", "c", "d", "skip"}[m.IntN(5)])
	}
	return base
}

// some is mostly below the root.
func (m *model) some() string {
	if m.IntN(4) == 0 {
		return m.path("out", 2)
	}
	return m.path("in", 4)
}

func (m *model) change() {
	switch n := m.IntN(100); {
	case n < 25:
		m.do("write", m.some())
	case n < 30:
		m.do("append", m.some())
	case n < 35:
		m.do("atomic", m.some())
	case n < 38:
		m.do("vim", m.some())
	case n < 50:
		m.do("mkdir", m.some())
	case n < 60:
		m.do("rm", "-r", m.some())
	case n < 75:
		m.do("mv", m.some(), m.some())
	case n < 80:
		m.do("swap", m.some(), m.some())
	case n < 83:
		m.do("replace", m.some(), m.some())
	case n < 88:
		m.do("ln", "-s", "$"+m.some(), m.some())
	case n < 91:
		m.do("ln", "-s", []string{"a", "../b", ".", "..", "../../out/a"}[m.IntN(5)], m.some())
	case n < 93:
		m.do("touch", m.some())
	case n < 94:
		m.do("rm", "-r", "in")
	case n < 95:
		m.do("mv", "in", "out/a")
	case n < 96:
		m.do("mv", "out/a", "in")
	default:
		m.do("mkdir", "in")
	}
}

// dirs lists the directories that are to be watched, not those behind links.
func (m *model) dirs(root string) (dirs []string) {
	filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		if path != root && !descend(path) {
			return filepath.SkipDir
		}
		dirs = append(dirs, path)
		return nil
	})
	return dirs
}

// snapshot reads every file that changes are to be reported of. It follows links as the package says it does.
func (m *model) snapshot() map[string]string {
	files := map[string]string{}
	var read func(real, name string, within bool)
	read = func(real, name string, within bool) {
		entries, err := os.ReadDir(real)
		if err != nil {
			return
		}
		for _, entry := range entries {
			real, name := filepath.Join(real, entry.Name()), filepath.Join(name, entry.Name())
			switch {
			case entry.IsDir():
				if descend(name) {
					read(real, name, within)
				}
				continue
			case entry.Type()&os.ModeSymlink != 0:
				target, err := filepath.EvalSymlinks(real)
				if err != nil {
					continue
				}
				if info, err := os.Stat(target); err == nil && info.IsDir() {
					if !within && descend(name) && !isBelow(real, target) {
						read(target, name, true)
					}
					continue
				}
			}
			if text, err := os.ReadFile(real); err == nil && want(name) {
				files[name] = string(text)
			}
		}
	}
	if info, err := os.Lstat(m.root); err == nil && info.IsDir() {
		read(m.root, m.root, false)
	}
	return files
}

// compare takes what was reported, and says which changes since before are not covered by it.
func (m *model) compare(when string, before map[string]string) {
	m.Helper()
	changes, over := m.settle()
	after := m.snapshot()
	covered := func(path string, exists bool) bool {
		if _, ok := changes[path]; ok || over && !exists {
			return true
		}
		if exists {
			return false
		}
		for dir := path; len(dir) >= len(m.root); dir = filepath.Dir(dir) {
			if c, ok := changes[dir]; ok && c.Dir {
				return true
			}
		}
		return false
	}
	var lost []string
	for path, text := range after {
		if old, existed := before[path]; (!existed || old != text) && !covered(path, true) {
			lost = append(lost, fmt.Sprintf("changed: %s (new: %v)", m.rel(path), !existed))
		}
	}
	for path := range before {
		if _, exists := after[path]; !exists && !covered(path, false) {
			lost = append(lost, "gone: "+m.rel(path))
		}
	}
	if slices.Sort(lost); len(lost) > 0 {
		var got []string
		for path, c := range changes {
			got = append(got, fmt.Sprintf("%s (%v, dir %v)", m.rel(path), c.Op, c.Dir))
		}
		slices.Sort(got)
		m.Errorf("%s: not reported:\n\t%s\nreported:\n\t%s", when, strings.Join(lost, "\n\t"), strings.Join(got, "\n\t"))
	}
	m.log = append(m.log, "# "+when)
}

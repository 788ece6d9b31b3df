//go:build unix

package orchestrator_test

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator"
	"devloop/orchestrator/test/testenv"
)

var (
	modelSeed   = flag.Uint64("model.seed", 1, "the first seed of the model test")
	modelRounds = flag.Int("model.rounds", testenv.Either(1, 4), "how many seeds it goes through")
)

// digestTree is all that a build could read below a directory.
func digestTree(dir string) string {
	h := sha256.New()
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // it went while we looked: another run will see that
		}
		rel, _ := filepath.Rel(dir, path)
		if !d.IsDir() {
			text, _ := os.ReadFile(path)
			fmt.Fprintf(h, "%s %x\n", rel, text)
		}
		return nil
	})
	return hex.EncodeToString(h.Sum(nil))
}

// snapshot is a stage that reads a tree, takes its time, and says what it saw.
func snapshot() {
	saw := digestTree(os.Args[1])
	<-time.After(time.Duration(rand.IntN(30)) * time.Millisecond)
	fmt.Println("saw", saw)
}

// TestWhatTheLastRunSawIsTheTree throws random file operations at a running
// loop, while its stages take random times, by saves, renames, moves, removals
// and directories that come and go. When the dust has settled, the last run
// must have seen the tree as it is.
func TestWhatTheLastRunSawIsTheTree(t *testing.T) {
	for seed := *modelSeed; seed < *modelSeed+uint64(*modelRounds); seed++ {
		for _, busy := range []string{"restart", "queue"} {
			t.Run(fmt.Sprintf("%d-%s", seed, busy), func(t *testing.T) { model(t, seed, busy) })
		}
	}
}

func model(t *testing.T, seed uint64, busy string) {
	exe, _ := os.Executable()
	p := start(t, map[string]string{
		"devloop.yaml": fmt.Sprintf(`
watchers:
  check:
    watch: [src/**]
    on_busy: %s
    stages: [{name: snapshot, run: [%q, src]}]
    env: {%s: snapshot}
`, busy, exe, childEnv),
		"src/a": "a",
	}, orchestrator.Options{Stream: true})
	p.screen.wait(t, `✓ passed`)
	tree := &randomTree{r: rand.New(rand.NewPCG(seed, 7)), root: filepath.Join(p.dir, "src"), outside: filepath.Join(p.dir, "outside")}
	os.MkdirAll(tree.outside, 0o755)
	for range 150 {
		tree.mutate()
		if tree.r.IntN(10) == 0 {
			<-time.After(time.Duration(tree.r.IntN(15)) * time.Millisecond) // let a run begin, sometimes
		}
	}
	want := digestTree(tree.root)
	for {
		// Every further run that passes is looked at; if the one that saw the
		// whole tree never comes, the wait for it fails.
		if saw := p.screen.wait(t, `saw (\w+)`)[1]; saw == want {
			break
		}
	}
	p.end(0)
	if last := p.screen.String(); !strings.Contains(last[strings.LastIndex(last, "saw "):], want) {
		t.Errorf("a later run saw something else:\n%s", last)
	}
}

// randomTree is a directory to which random things are done.
type randomTree struct {
	r             *rand.Rand
	root, outside string
	n             int
}

func (m *randomTree) dirs() []string {
	var dirs []string
	filepath.WalkDir(m.root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}

func (m *randomTree) dir() string {
	dirs := m.dirs()
	return dirs[m.r.IntN(len(dirs))]
}

func (m *randomTree) file() string { return filepath.Join(m.dir(), fmt.Sprintf("f%d", m.r.IntN(4))) }

func (m *randomTree) text() []byte {
	m.n++
	return []byte(fmt.Sprintf("text %d", m.r.IntN(m.n+1)))
}

func (m *randomTree) mutate() {
	switch m.r.IntN(12) {
	case 0, 1, 2:
		os.WriteFile(m.file(), m.text(), 0o644)
	case 3, 4:
		tmp := filepath.Join(m.outside, "tmp")
		os.WriteFile(tmp, m.text(), 0o644)
		os.Rename(tmp, m.file())
	case 5:
		file := m.file()
		os.Rename(file, file+"~")
		os.WriteFile(file, m.text(), 0o644)
		os.Remove(file + "~")
	case 6:
		deep := filepath.Join(m.dir(), fmt.Sprintf("d%d", m.r.IntN(3)), "e")
		if len(deep) < len(m.root)+40 {
			os.MkdirAll(deep, 0o755)
			os.WriteFile(filepath.Join(deep, "f0"), m.text(), 0o644)
		}
	case 7:
		if dir := m.dir(); dir != m.root {
			os.RemoveAll(dir)
		}
	case 8:
		if dir := m.dir(); dir != m.root {
			m.n++
			os.Rename(dir, filepath.Join(m.root, fmt.Sprintf("moved%d", m.r.IntN(3))))
		}
	case 9:
		m.n++
		in := filepath.Join(m.outside, fmt.Sprintf("in%d", m.n))
		os.MkdirAll(filepath.Join(in, "sub"), 0o755)
		os.WriteFile(filepath.Join(in, "sub", "f1"), m.text(), 0o644)
		os.Rename(in, filepath.Join(m.dir(), "in"))
	case 10:
		os.Remove(m.file())
	case 11:
		if dir := m.dir(); dir != m.root {
			m.n++
			os.Rename(dir, filepath.Join(m.outside, fmt.Sprintf("out%d", m.n)))
		}
	}
}

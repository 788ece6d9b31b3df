package reuse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/reapi"
	"devloop/orchestrator/test/testenv"
	"devloop/schema"
)

// definition is how a stage is written now, and what it finds in its environment; a number is a variant.
type definition struct {
	argv, text, set, unset, env, dir int
	outputs                          bool
}

// model plays with the files, the definition and the outputs of a stage, and with the store. The stage's command is a
// function of all that it may depend on, so that every verdict, every output and every line that an earlier pass stands for
// can be compared with those of a fresh run.
type model struct {
	rng     *rand.Rand
	store   string
	roots   []string // checkouts with their own files
	reusers []*Reuser
	def     definition
	mutant  func(*Stage) // leaves something out of what the key is made of
	damaged bool         // something in the store has been

	made map[string]string // by product: what it was
	hits int
}

const inputFiles = 5

func newModel(seed uint64, dir, store string) (*model, error) {
	m := &model{rng: rand.New(rand.NewPCG(seed, 0)), store: store, roots: []string{filepath.Join(dir, "one"), filepath.Join(dir, "two")},
		reusers: make([]*Reuser, 2), made: map[string]string{}}
	for _, root := range m.roots {
		for _, sub := range []string{"src/deep", "sub", "bin"} {
			if err := os.MkdirAll(filepath.Join(root, sub), 0o755); err != nil {
				return nil, err
			}
		}
		if err := os.WriteFile(filepath.Join(root, "bin", "tool"), []byte("v"), 0o755); err != nil {
			return nil, err
		}
	}
	for i := range m.reusers {
		m.reusers[i] = m.open()
	}
	return m, nil
}

// open makes a Reuser, as a loop that starts does.
func (m *model) open() *Reuser {
	return New(Options{
		Store: func() (*cas.Store, error) { return cas.Open(m.store, 1<<20) },
		Exec: func(_ context.Context, _ schema.Command, s *Stage) ([]byte, error) {
			return os.ReadFile(filepath.Join(s.Root, "bin", "tool"))
		},
	})
}

func (m *model) close() error {
	for _, r := range m.reusers {
		r.Flush(context.Background())
		if err := r.Close(); err != nil {
			return err
		}
	}
	return nil
}

func input(root string, i int) string {
	return filepath.Join(root, "src", []string{"a", "b", "c", "deep/a", "deep/b"}[i])
}

// stage is the stage as it is written now, in a checkout.
func (m *model) stage(root string) *Stage {
	d := m.def
	s := &Stage{Watcher: "check", Name: "test", Config: &schema.Reuse{Env: []string{"MODE"}, Tools: []schema.Command{{Argv: []string{"tool"}}}},
		Root: root, Dir: filepath.Join(root, []string{"", "sub"}[d.dir]), Argv: []string{"check", fmt.Sprint(d.argv)}, Text: fmt.Sprint("check ", d.text),
		Environ: []string{"PATH=" + filepath.Join(root, "bin")}, Advise: func(string, string) {}}
	if d.set > 0 {
		s.Set = []reapi.Property{{Name: "SET", Value: fmt.Sprint(d.set)}}
	}
	if d.unset > 0 {
		s.Unset = []string{"HOME"}
	}
	if d.env > 0 {
		s.Environ = append(s.Environ, fmt.Sprint("MODE=", d.env))
	}
	if d.outputs {
		s.Config.Outputs = []schema.Path{{Text: "out", Abs: filepath.Join(root, "out")}, {Text: "single", Abs: filepath.Join(root, "single")}}
	}
	s.Files = func(yield func(string, error) bool) {
		for i := range inputFiles {
			if _, err := os.Lstat(input(root, i)); err == nil && !yield(input(root, i), nil) {
				return
			}
		}
	}
	return s
}

// command is what a fresh run comes to: whether it passes, what it prints, and what its outputs are.
func (m *model) command(root string) (passes bool, printed string, made map[string]string) {
	h := sha256.New()
	fmt.Fprintf(h, "%+v", m.def)
	for i := range inputFiles {
		if data, err := os.ReadFile(input(root, i)); err == nil {
			info, _ := os.Stat(input(root, i))
			fmt.Fprintf(h, "%d %q %v\n", i, data, info.Mode()&0o100 != 0)
		}
	}
	tool, _ := os.ReadFile(filepath.Join(root, "bin", "tool"))
	fmt.Fprintf(h, "%q", tool)
	text := hex.EncodeToString(h.Sum(nil))
	made = map[string]string{}
	if m.def.outputs {
		made = map[string]string{"out": "directory", "out/" + text[:1]: "-rw-r--r-- " + text, "out/below": "directory",
			"out/below/run": "-rwxr-xr-x " + text[8:10], "out/link": "link " + text[2:3], "single": "-rw-r----- " + text[:4]}
		if text[5] < '8' {
			made["out/empty"] = "directory"
		}
	}
	return text[63] > '3', text[:20] + "\n", made
}

// outputs are the outputs that are there.
func (m *model) outputs(root string) map[string]string {
	there := map[string]string{}
	for _, out := range []string{"out", "single"} {
		_ = filepath.WalkDir(filepath.Join(root, out), func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			name, _ := filepath.Rel(root, path)
			switch {
			case e.IsDir():
				there[filepath.ToSlash(name)] = "directory"
			case e.Type()&fs.ModeSymlink != 0:
				target, _ := os.Readlink(path)
				there[filepath.ToSlash(name)] = "link " + target
			default:
				info, _ := e.Info()
				data, _ := os.ReadFile(path)
				there[filepath.ToSlash(name)] = info.Mode().String() + " " + string(data)
			}
			return nil
		})
	}
	return there
}

// makes writes outputs, as the command does.
func (m *model) makes(root string, made map[string]string) error {
	for _, out := range []string{"out", "single"} {
		if err := os.RemoveAll(filepath.Join(root, out)); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		at := filepath.Join(root, name)
		kind, content, _ := strings.Cut(made[name], " ")
		var err error
		switch kind {
		case "directory":
			err = os.MkdirAll(at, 0o755)
		case "link":
			err = os.Symlink(content, at)
		default:
			if err = os.WriteFile(at, []byte(content), 0o600); err == nil {
				err = os.Chmod(at, map[string]fs.FileMode{"-rw-r--r--": 0o644, "-rwxr-xr-x": 0o755, "-rw-r-----": 0o640}[kind])
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// step does one thing.
func (m *model) step() error {
	root := m.roots[m.rng.IntN(len(m.roots))]
	switch k := m.rng.IntN(100); {
	case k < 45:
		return m.run(root)
	case k < 70:
		return m.edit(root)
	case k < 73: // a branch is switched: all files become those of the other checkout
		for i := range inputFiles {
			if data, err := os.ReadFile(input(m.roots[0], i)); err == nil {
				_ = os.WriteFile(input(m.roots[1], i), data, 0o644)
			} else {
				_ = os.Remove(input(m.roots[1], i))
			}
		}
	case k < 85:
		m.redefine(root)
	case k < 92:
		m.disturb(root)
	case k < 96: // a loop ends, and another one begins
		i := m.rng.IntN(len(m.reusers))
		m.reusers[i].Flush(context.Background())
		if err := m.reusers[i].Close(); err != nil {
			return err
		}
		m.reusers[i] = m.open()
	case k < 97 && m.mutant == nil:
		m.damage()
	}
	return nil
}

// edit changes an input.
func (m *model) edit(root string) error {
	at := input(root, m.rng.IntN(inputFiles))
	info, err := os.Stat(at)
	switch k := m.rng.IntN(10); {
	case k < 6 || err != nil: // all contents are of one length
		err = os.WriteFile(at, []byte(fmt.Sprint("content ", m.rng.IntN(2))), 0o644)
	case k < 7:
		err = os.Remove(at)
	case k < 8:
		err = os.Chmod(at, info.Mode().Perm()^0o100)
	case k < 9: // another content, and the time of the one before
		if err = os.WriteFile(at, []byte(fmt.Sprint("content ", m.rng.IntN(2))), 0o644); err == nil {
			err = os.Chtimes(at, info.ModTime(), info.ModTime())
		}
	default: // another file in its place
		if err = os.WriteFile(at+"~", []byte(fmt.Sprint("content ", m.rng.IntN(2))), info.Mode().Perm()); err == nil {
			err = os.Rename(at+"~", at)
		}
	}
	return err
}

// redefine changes how the stage is written, or its environment.
func (m *model) redefine(root string) {
	d, v := &m.def, m.rng.IntN(2)
	switch m.rng.IntN(9) {
	case 0:
		d.argv = v
	case 1:
		d.text = v
	case 2:
		d.set = m.rng.IntN(3)
	case 3:
		d.unset = v
	case 4:
		d.env = m.rng.IntN(3)
	case 5:
		d.dir = v
	case 6:
		d.outputs = v == 1
	default: // versions of different lengths: within a moment, only these are told apart
		_ = os.WriteFile(filepath.Join(root, "bin", "tool"), []byte(strings.Repeat("v", 1+v)), 0o755)
	}
}

// disturb changes what is there of the outputs.
func (m *model) disturb(root string) {
	at := filepath.Join(root, []string{"out", "single", "out/below", "out/below/run", "out/link", "out/stray"}[m.rng.IntN(6)])
	switch m.rng.IntN(4) {
	case 0:
		_ = os.RemoveAll(at)
	case 1:
		_ = os.WriteFile(at, []byte("stray"), 0o600)
	case 2:
		_ = os.Chmod(at, 0o700)
	default:
		_ = os.MkdirAll(filepath.Join(at, "stray"), 0o755)
	}
}

// damage changes a file of the store, or removes it.
func (m *model) damage() {
	var all []string
	_ = filepath.WalkDir(m.store, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			all = append(all, path)
		}
		return nil
	})
	if len(all) == 0 {
		return
	}
	m.damaged = true
	at := all[m.rng.IntN(len(all))]
	data, err := os.ReadFile(at)
	if err != nil || len(data) == 0 || m.rng.IntN(3) == 0 {
		_ = os.Remove(at)
		return
	}
	if i := m.rng.IntN(len(data)); m.rng.IntN(2) == 0 {
		data = data[:i]
	} else {
		data[i]++
	}
	_ = os.Chmod(at, 0o600)
	_ = os.WriteFile(at, data, 0o600)
}

// run runs the stage, unless an earlier pass stands for it, and says what of that is wrong.
func (m *model) run(root string) error {
	ctx, s := context.Background(), m.stage(root)
	if m.mutant != nil {
		m.mutant(s)
	}
	fresh := m.rng.IntN(10) == 0
	a := m.reusers[m.rng.IntN(len(m.reusers))].Begin(ctx, s, fresh)
	if h := a.Hit(); h != nil {
		m.hits++
		passes, printed, made := m.command(root)
		switch {
		case fresh:
			return fmt.Errorf("an earlier pass stands for a stage that was to run")
		case !passes:
			return fmt.Errorf("an earlier pass stands for a failure")
		case string(h.Output) != printed && (len(h.Output) > 0 || !m.damaged):
			return fmt.Errorf("it printed %q, and an earlier pass says %q", printed, h.Output)
		case m.def.outputs && !maps.Equal(m.outputs(root), made):
			return fmt.Errorf("it makes %v, and an earlier pass left %v", made, m.outputs(root))
		}
		return m.product(a.Outcome().Product, made)
	}
	meanwhile := m.rng.IntN(100)
	if meanwhile < 10 {
		if err := m.edit(root); err != nil {
			return err
		}
	}
	passes, printed, made := m.command(root)
	if err := m.makes(root, made); err != nil {
		return err
	}
	if meanwhile >= 90 {
		if err := m.edit(root); err != nil {
			return err
		}
	}
	if !passes {
		if out := a.Failed(ctx); out.Product != "" {
			return fmt.Errorf("a failure has left a product")
		}
		return nil
	}
	text := &Printed{}
	text.Write([]byte(printed))
	return m.product(a.Passed(ctx, text).Product, made)
}

// product checks that what has one name is one thing.
func (m *model) product(name string, made map[string]string) error {
	what := fmt.Sprint(made)
	if before, known := m.made[name]; name != "" && known && before != what {
		return fmt.Errorf("the product %s is %s, and was %s", name, what, before)
	}
	m.made[name] = what
	return nil
}

// play takes so many steps, and returns the first thing that is wrong.
func (m *model) play(steps int) error {
	for i := range steps {
		if err := m.step(); err != nil {
			return errors.Join(fmt.Errorf("step %d, %+v: %w", i, m.def, err), m.close())
		}
	}
	return m.close()
}

// TestModel plays with a stage, with two loops in two checkouts on one store, while others are killed that use it too:
// what an earlier pass stands for is always what a fresh run comes to.
func TestModel(t *testing.T) {
	t.Parallel()
	steps := testenv.Count(t, "DEVLOOP_REUSE_STEPS", 200, 2000)
	dir := t.TempDir()
	seed := testenv.Count(t, "DEVLOOP_REUSE_SEED", 1, 1)
	m, err := newModel(uint64(seed), dir, filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	m.damaged = true // by the other one
	hits := 0
	for left := steps; left > 0; left -= 200 {
		other := exec.Command(os.Args[0], "-test.run=^TestModelOther$")
		other.Env = append(os.Environ(), "DEVLOOP_MODEL="+dir, fmt.Sprint("DEVLOOP_MODEL_SEED=", seed+left))
		if _, err := other.StdinPipe(); err != nil { // it ends with this process
			t.Fatal(err)
		}
		if err := other.Start(); err != nil {
			t.Fatal(err)
		}
		err := m.play(min(left, 200))
		_ = other.Process.Kill()
		_ = other.Wait()
		if err != nil {
			t.Fatalf("DEVLOOP_REUSE_SEED=%d, %d steps before the end: %v", seed, left, err)
		}
		hits += m.hits
		for i := range m.reusers {
			m.reusers[i] = m.open()
		}
		m.hits = 0
	}
	if hits < steps/50 {
		t.Errorf("only %d earlier passes stood for a stage, in %d steps", hits, steps)
	}
	t.Logf("%d earlier passes stood for a stage, in %d steps", hits, steps)
}

// TestModelOther is the other one of TestModel, which kills it.
func TestModelOther(t *testing.T) {
	dir := os.Getenv("DEVLOOP_MODEL")
	if dir == "" {
		return
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	seed := uint64(0)
	_, _ = fmt.Sscan(os.Getenv("DEVLOOP_MODEL_SEED"), &seed)
	m, err := newModel(seed, t.TempDir(), filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.play(1 << 20); err != nil {
		t.Fatal(err)
	}
}

// TestModelMutants leaves out, one after the other, what a key is made of: each time the model must notice.
func TestModelMutants(t *testing.T) {
	t.Parallel()
	without := func(files iter.Seq2[string, error], name string) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for path, err := range files {
				if !strings.HasSuffix(path, name) && !yield(path, err) {
					return
				}
			}
		}
	}
	// copies has the stage read copies instead, which are all alike in what is left out.
	copies := func(s *Stage, name func(i int, path string) string) {
		files := s.Files
		s.Files = func(yield func(string, error) bool) {
			contents := map[string]string{}
			for path, err := range files {
				data, unread := os.ReadFile(path)
				if err = errors.Join(err, unread); err != nil && !errors.Is(err, fs.ErrNotExist) {
					yield(path, err)
					return
				}
				contents[path] = string(data)
			}
			paths := slices.Sorted(maps.Keys(contents))
			slices.SortStableFunc(paths, func(a, b string) int { return strings.Compare(contents[a], contents[b]) })
			for i, path := range paths {
				at := filepath.Join(s.Root, "..", "copies", filepath.Base(s.Root), name(i, path))
				if now, err := os.ReadFile(at); err != nil || string(now) != contents[path] {
					if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o755), os.WriteFile(at, []byte(contents[path]), 0o644)); err != nil {
						yield(at, err)
						return
					}
				}
				if !yield(at, nil) {
					return
				}
			}
		}
	}
	for name, mutant := range map[string]func(*Stage){
		"executable bits": func(s *Stage) {
			copies(s, func(_ int, path string) string { rel, _ := filepath.Rel(s.Root, path); return rel })
		},
		"paths":                 func(s *Stage) { copies(s, func(i int, _ string) string { return fmt.Sprint(i) }) },
		"arguments":             func(s *Stage) { s.Argv = []string{"check"} },
		"text":                  func(s *Stage) { s.Text = "" },
		"variables of the file": func(s *Stage) { s.Set = nil },
		"variables taken away":  func(s *Stage) { s.Unset = nil },
		"environment":           func(s *Stage) { s.Environ = s.Environ[:1] },
		"unset environment":     func(s *Stage) { s.Config.Env = nil },
		"directory":             func(s *Stage) { s.Dir = s.Root },
		"tools":                 func(s *Stage) { s.Config.Tools = nil },
		"a file":                func(s *Stage) { s.Files = without(s.Files, "deep/b") },
		"an output":             func(s *Stage) { s.Config.Outputs = s.Config.Outputs[:min(1, len(s.Config.Outputs))] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hits := 0
			for seed := uint64(20); seed < 220; seed++ {
				dir := t.TempDir()
				m, err := newModel(seed, dir, filepath.Join(dir, "store"))
				if err != nil {
					t.Fatal(err)
				}
				m.mutant = mutant
				if err = m.play(100); err != nil {
					t.Logf("seed %d, %v", seed, err)
					return
				}
				hits += m.hits
			}
			t.Errorf("without it, nothing is wrong in %d hits", hits)
		})
	}
}

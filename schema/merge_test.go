package schema

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// tree is a machine whose files are those of a test: absolute paths below
// /project, /home/me and wherever else it puts them, and built-in presets.
type tree struct {
	files    fstest.MapFS // without the first slash
	builtin  fstest.MapFS
	env      map[string]string
	unread   map[string]error // paths that cannot be read
	expected string           // what the load should come to
}

func newTree() *tree {
	return &tree{files: fstest.MapFS{}, builtin: fstest.MapFS{}, env: map[string]string{"HOME": "/home/me"}, unread: map[string]error{}}
}

// add puts a file of a case where its name says: builtin/NAME.yaml is a preset,
// env is the environment, /path is absolute, all else is below the project.
func (m *tree) add(name, text string) {
	switch {
	case strings.HasPrefix(name, "builtin/"):
		m.builtin[strings.TrimPrefix(name, "builtin/")] = &fstest.MapFile{Data: []byte(text)}
	case name == "env":
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			m.env[name] = value
		}
	case name == "unreadable":
		for line := range strings.Lines(text) {
			m.unread["/project/"+strings.TrimSpace(line)] = fs.ErrPermission
		}
	case strings.HasPrefix(name, "/"):
		m.files[name[1:]] = &fstest.MapFile{Data: []byte(text)}
	default:
		m.files["project/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
}

func (m *tree) options() Options {
	return Options{
		LookupEnv: func(name string) (string, bool) { v, ok := m.env[name]; return v, ok },
		Stat: func(file string) (fs.FileInfo, error) {
			return fs.Stat(m.files, strings.TrimPrefix(filepath.ToSlash(file), "/"))
		},
		ReadFile: func(file string) ([]byte, error) {
			if err := m.unread[filepath.ToSlash(file)]; err != nil {
				return nil, &fs.PathError{Op: "open", Path: file, Err: err}
			}
			return fs.ReadFile(m.files, strings.TrimPrefix(filepath.ToSlash(file), "/"))
		},
		CPUs:    4,
		Presets: m.builtin,
	}
}

func (m *tree) load() (*Config, error) {
	src := m.files["project/devloop.yaml"]
	return Parse("/project/devloop.yaml", src.Data, m.options())
}

// TestMerge loads every case of testdata/merge: sections CASE/FILE, and behind
// them CASE.txt with what the load comes to: its mistakes, or else each project
// with the origin of every value, what names became, and the warnings.
func TestMerge(t *testing.T) {
	files, err := filepath.Glob("testdata/merge/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		comment, cases, trees := readTrees(t, file)
		var out []section
		for _, name := range cases {
			m := trees[name]
			c, err := m.load()
			got := strings.ReplaceAll(merged(c, err), "/project/", "")
			for _, s := range m.sections(t, file, name) {
				out = append(out, s)
			}
			out = append(out, section{name + ".txt", got})
			if *update {
				continue
			}
			t.Run(filepath.Base(file)+"/"+name, func(t *testing.T) {
				if got != m.expected {
					t.Errorf("got:\n%s\nwant:\n%s", got, m.expected)
				}
				if c != nil {
					sameAgain(t, m, c)
				}
			})
		}
		if *update {
			writeArchive(t, file, comment, out)
		}
	}
}

// readTrees reads the cases of an archive, in their order.
func readTrees(t testing.TB, file string) (comment string, cases []string, trees map[string]*tree) {
	comment, sections := readArchive(t, file)
	trees = map[string]*tree{}
	for _, s := range sections {
		name, file, isFile := strings.Cut(s.name, "/")
		if !isFile {
			if m := trees[strings.TrimSuffix(s.name, ".txt")]; m != nil {
				m.expected = s.text
			}
			continue
		}
		if trees[name] == nil {
			trees[name] = newTree()
			cases = append(cases, name)
		}
		trees[name].add(file, s.text)
	}
	return comment, cases, trees
}

// sections are the files of a case as they stand in the archive.
func (m *tree) sections(t testing.TB, file, name string) []section {
	_, all := readArchive(t, file)
	return slices.DeleteFunc(all, func(s section) bool { return !strings.HasPrefix(s.name, name+"/") })
}

// merged is what a load comes to.
func merged(c *Config, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, p := range c.Projects {
		if len(c.Projects) > 1 {
			fmt.Fprintf(&b, "# %s, whose names begin with %q\n", p.File, p.Prefix)
		}
		b.WriteString(p.resolved(true, false))
	}
	if len(c.Projects) > 1 {
		for _, s := range c.Sockets {
			fmt.Fprintf(&b, "socket %s: %s\n", s.Name, s.Listen.Addr())
		}
		for _, w := range c.Watchers {
			fmt.Fprintf(&b, "watcher %s in %s%s\n", w.Name, w.Dir, dependencies(w.DependsOn))
		}
		for _, p := range c.Processes {
			fmt.Fprintf(&b, "process %s in %s%s%s\n", p.Name, p.Dir, dependencies(p.DependsOn), references(p.Sockets))
		}
	}
	if len(c.Warnings) > 0 {
		b.WriteString(textOf(c.Warnings, "warning") + "\n")
	}
	return b.String()
}

func dependencies(deps []Dependency) string {
	text := ""
	for _, d := range deps {
		text += ", after " + d.Name + " " + string(d.Condition)
	}
	return text
}

func references(refs []SocketRef) string {
	text := ""
	for _, r := range refs {
		text += ", with " + r.Name + " as " + r.Short
	}
	return text
}

// sameAgain holds that what Resolved prints means what it was printed from: in
// place of the file, and without any of the files that it extends.
func sameAgain(t *testing.T, m *tree, c *Config) {
	t.Helper()
	for _, text := range []string{c.Resolved(false, false), c.Resolved(true, true)} {
		alone := newTree()
		alone.env = m.env
		for name, f := range m.files {
			for _, p := range c.Projects[1:] {
				if dir := path.Dir(strings.TrimPrefix(filepath.ToSlash(p.File), "/")); strings.HasPrefix(name, dir+"/") || strings.HasSuffix(name, "/") {
					alone.files[name] = f
				}
			}
		}
		alone.builtin = m.builtin
		for _, p := range c.Projects[1:] { // what they extend may lie anywhere
			_ = p
			alone.files = fstest.MapFS{}
			for name, f := range m.files {
				if name != "project/devloop.local.yaml" {
					alone.files[name] = f
				}
			}
		}
		again, err := Parse("/project/devloop.yaml", []byte(text), alone.options())
		if err != nil {
			t.Errorf("what is printed does not load: %v\n%s", err, text)
			return
		}
		if got, want := means(again), means(c); got != want {
			t.Errorf("what is printed means something else.\nprinted:\n%s\nmeans:\n%s\nwas:\n%s", text, got, want)
		}
	}
}

// means is what a configuration says, without the places where it says so.
func means(c *Config) string {
	plain := *c
	plain.Warnings, plain.Local = nil, ""
	var b strings.Builder
	for line := range strings.Lines(dump(&plain)) {
		if strings.Contains(line, "PresetDir = ") || strings.HasPrefix(line, "Projects[") {
			continue
		}
		if i := strings.LastIndex(line, " (line "); i >= 0 {
			line = line[:i] + "\n"
		}
		// What is printed cannot have the variable that commands of a preset have.
		b.WriteString(strings.ReplaceAll(line, "$PRESET_DIR", "/project/team"))
	}
	return b.String()
}

// large is a file with two hundred nodes over ten presets with twenty each.
func large() *tree {
	m := newTree()
	nodes := func(of, n int) string {
		var b strings.Builder
		b.WriteString("watchers:\n")
		for i := range n {
			fmt.Fprintf(&b, "  w%d: {watch: [src%d, \"lib/**/*.go\"], stages: [make, {run: test, env: {A%d: a}}], trigger: .t%d}\n", i, i, of, i)
		}
		b.WriteString("processes:\n")
		for i := range n {
			fmt.Fprintf(&b, "  p%d: {run: ./server, watch: .t%d, env: {P%d: p}, ready: {log: up}}\n", i, i, of)
		}
		return b.String()
	}
	var names []string
	for i := range 10 {
		name := fmt.Sprintf("preset%d", i)
		names = append(names, "./"+name+".yaml")
		m.add(name+".yaml", nodes(i, 10))
	}
	m.add("devloop.yaml", "extends: ["+strings.Join(names, ", ")+"]\n"+nodes(10, 100))
	return m
}

func TestLarge(t *testing.T) {
	c, err := large().load()
	if err != nil || len(c.Watchers) != 100 || len(c.Processes) != 100 || len(c.Processes[9].Env.Vars) != 11 {
		t.Errorf("got %v", err)
	}
}

func BenchmarkMerge(b *testing.B) {
	m := large()
	for b.Loop() {
		if _, err := m.load(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestResolvedConfigs holds every good configuration of the other tests against
// what Resolved prints of it.
func TestResolvedConfigs(t *testing.T) {
	for _, pattern := range []string{"testdata/configs/*.txtar", "testdata/mistakes/*.txtar"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("no cases: %v", err)
		}
		for _, file := range files {
			_, sections := readArchive(t, file)
			for _, s := range sections {
				if !strings.HasSuffix(s.name, ".yaml") {
					continue
				}
				c, err := parse(s.text)
				if err != nil {
					continue
				}
				for _, text := range []string{c.Resolved(false, false), c.Resolved(true, true)} {
					again, err := parse(text)
					if err != nil {
						t.Errorf("%s/%s: what is printed does not load: %v\n%s", file, s.name, err, text)
					} else if got, want := means(again), means(c); got != want {
						t.Errorf("%s/%s: what is printed means something else.\nprinted:\n%s\nmeans:\n%s\nwas:\n%s", file, s.name, text, got, want)
					}
				}
			}
		}
	}
}

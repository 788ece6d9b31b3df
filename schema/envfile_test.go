package schema

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// builtEnv is an environment that a layer is added to.
type builtEnv map[string]string

func (b builtEnv) Lookup(name string) (string, bool) { v, ok := b[name]; return v, ok }
func (b builtEnv) Set(name, value string)            { b[name] = value }
func (b builtEnv) Unset(name string)                 { delete(b, name) }

// loadIn loads the devloop.yaml of dir as people do who are in that directory.
func loadIn(t *testing.T, dir string, opt Options) (*Config, error) {
	t.Helper()
	t.Chdir(dir)
	return loadFile("devloop.yaml", opt)
}

// TestEnvFiles holds in which order the layers of a command count, and what each
// of them sees of those below it.
func TestEnvFiles(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml": `
vars: {VAR: var}
env_file: [top.env, none.env]
env: {TOP: top, GONE: null}
processes:
  a:
    run: ./a
    env_file: a.env
    env: {A: node}
`,
		"top.env": "BELOW=$VAR-$OUTER\nA=file\nGONE=1\nTOP=file\n",
		"a.env":   "SEES=$TOP,$BELOW,${GONE-gone}\nA=$A:again\nPATH=$PATH:/x\n",
	})
	c, err := loadIn(t, dir, bare("OUTER=outer", "PATH=/bin"))
	if err != nil || len(c.Warnings) > 0 {
		t.Fatal(err, c.Warnings)
	}
	env := builtEnv{"OUTER": "outer", "PATH": "/bin", "VAR": "var"}
	for _, layer := range []EnvLayer{c.Env, c.Processes[0].Env} {
		if err := layer.Apply(env); err != nil {
			t.Fatal(err)
		}
	}
	want := builtEnv{"OUTER": "outer", "PATH": "/bin:/x", "VAR": "var", "BELOW": "var-outer", "TOP": "top", "A": "node", "SEES": "top,var-outer,gone"}
	if !maps.Equal(env, want) {
		t.Errorf("got  %v\nwant %v", env, want)
	}
}

// TestEnvFileMistakes holds that each mistake has its place, and that no line of
// the file is shown.
func TestEnvFileMistakes(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml": "processes:\n  a: {run: ./a, env_file: [.env, sub/b.env]}\nwatchers:\n  w: {watch: src, stages: [{run: x, env_file: {path: gone.env, required: true}}], env_file: dir}\n",
		".env":         "OPENAI-KEY=1\nDATABASE_PASSWORD=\"hunter2secret\"x\nMUST=${MUST:?hunter2secret}\n",
		"sub/b.env":    "\uFEFFA=1\r\nB=${A:?hunter2secret}\r\nC=${D:?hunter2secret}\r\n",
		"dir/x":        "",
	})
	_, err := loadIn(t, dir, bare())
	var mistakes Mistakes
	if !errors.As(err, &mistakes) {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mistakes {
		got = append(got, m.Pos.String()+": "+m.Msg)
		if m.Pos.File != "devloop.yaml" && m.Line != "" {
			t.Errorf("the line is shown: %v", m)
		}
	}
	want := []string{
		".env:1:7: a variable's name is letters, digits and _",
		".env:2:34: text after the closing quote",
		"devloop.yaml:4:47: there is no file `gone.env`",
		"devloop.yaml:4:93: `dir` is a directory, not a regular file",
		"sub/b.env:3:3: `D` is not set, but is required",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a value is shown")
	}
}

func TestEnvFileWarnings(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml": "env_file: .env\nprocesses: {a: {run: ./a}, b: {run: ./b}}\n",
		".env":         "A=$HOME/$NOPE\nDEVLOOP_RUN=1\nB=${NOPE:-}$A\nPASSWORD=a$hunter2\n",
	})
	c, err := loadIn(t, dir, bare("HOME=/home/me"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range c.Warnings {
		got = append(got, w.Pos.String()+": "+w.Msg)
	}
	want := []string{".env:1:9: `$NOPE` is not set, so it is empty here", ".env:2:1: `DEVLOOP_RUN` is set by devloop itself, whatever is written here", ".env:4:11: this `$` refers to a variable that is not set, so it is empty here"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestEnvFileOnce holds that a file that many commands name is told of once.
func TestEnvFileOnce(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml": "processes:\n  a: {run: ./a, env_file: .env}\n  b: {run: ./b, env_file: .env}\n",
		".env":         "A\n",
	})
	_, err := loadIn(t, dir, bare())
	var m Mistakes
	if !errors.As(err, &m) || len(m) != 1 {
		t.Errorf("got %v", err)
	}
}

// TestPortOfAnEnvFile holds that what an env file says of PORT is known.
func TestPortOfAnEnvFile(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml": "processes:\n  a: {run: [./a, \"${PORT}\"], env_file: .env}\n",
		".env":         "PORT=3000\n",
	})
	if _, err := loadIn(t, dir, bare()); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(dir, ".env"), "OTHER=1\n")
	if _, err := loadIn(t, dir, bare()); err == nil || !strings.Contains(err.Error(), "`${PORT}` is not defined") {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, ".env")); err != nil {
		t.Fatal(err)
	}
	if _, err := loadIn(t, dir, bare()); err != nil {
		t.Error(err)
	}
}

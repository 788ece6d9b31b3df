package schema

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// disk writes files below a directory of the test, and returns it.
func disk(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// bare is the machine itself, with an environment of its own.
func bare(env ...string) Options {
	return Options{LookupEnv: func(name string) (string, bool) {
		for _, kv := range env {
			if n, value, _ := strings.Cut(kv, "="); n == name {
				return value, true
			}
		}
		return "", false
	}}
}

// TestSources holds that every file is told whose change may change what a load
// comes to: those that were read, and those that were looked for in vain.
func TestSources(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml":               "extends: [team, ./base.yaml]\ninclude: api\nenv_file: .env\nprocesses: {a: {run: ./a, env_file: {path: a.env}}}\n",
		"base.yaml":                  "watchers: {w: {watch: src, env_file: w.env, stages: [{run: make, env_file: s.env}, {parallel: [{run: x, env_file: p.env}]}]}}\n",
		".devloop/presets/team.yaml": "jobs: 2\n",
		"api/devloop.yaml":           "processes: {b: {run: ./b}}\n",
	})
	c, sources, err := Load(filepath.Join(dir, "devloop.yaml"), bare("HOME=/home/me", "DEVLOOP_PRESET_PATH=presets"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"devloop.yaml", "presets/team.yaml", ".devloop/presets/team.yaml", "base.yaml", "devloop.local.yaml",
		"api/devloop.yaml", "api/devloop.local.yaml", ".env", "w.env", "s.env", "p.env", "a.env",
	}
	for i := range want {
		want[i] = filepath.Join(dir, filepath.FromSlash(want[i]))
	}
	if !slices.Equal(sources, want) || !slices.Equal(c.Sources, want) {
		t.Errorf("got  %v\nwant %v", sources, want)
	}
}

func TestSourcesOfAFailedLoad(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml": "extends: [./gone.yaml, ./bad.yaml]\n",
		"bad.yaml":     "processes: {a: {rum: ./a}}\n",
	})
	c, sources, err := Load(filepath.Join(dir, "devloop.yaml"), bare())
	if c != nil || err == nil {
		t.Fatalf("got %v, %v", c, err)
	}
	for _, name := range []string{"devloop.yaml", "gone.yaml", "bad.yaml"} {
		if !slices.Contains(sources, filepath.Join(dir, name)) {
			t.Errorf("%s is not among %v", name, sources)
		}
	}
	if _, sources, err := Load(filepath.Join(dir, "none.yaml"), bare()); err == nil || len(sources) != 1 {
		t.Errorf("no file at all: %v, %v", sources, err)
	}
}

func TestLocal(t *testing.T) {
	dir := disk(t, map[string]string{
		"team.yaml":       "processes: {a: {run: ./a}}\n",
		"team.local.yaml": "name: mine\n",
	})
	file := filepath.Join(dir, "team.yaml")
	c, err := loadFile(file, bare())
	if err != nil || c.Name != "mine" || c.Local != filepath.Join(dir, "team.local.yaml") {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, ci := range []string{"1", "true", "yes"} {
		if c, err := loadFile(file, bare("CI="+ci)); err != nil || c.Name == "mine" || c.Local != "" {
			t.Errorf("under CI=%s: %+v, %v", ci, c, err)
		}
	}
	if c, err := loadFile(file, bare("CI=false")); err != nil || c.Name != "mine" {
		t.Errorf("under CI=false: %+v, %v", c, err)
	}
}

func TestIncluding(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml":             "include: [{path: mid, as: mid}, other]\n",
		"mid/devloop.yaml":         "include: low/api\n",
		"mid/low/devloop.yaml":     "processes: {x: {run: ./x}}\n", // includes nobody
		"mid/low/api/devloop.yaml": "processes: {api: {run: ./api}}\n",
		"other/devloop.yaml":       "processes: {o: {rum: ./o}}\n", // a mistake
	})
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	got := Including(in("mid/low/api/devloop.yaml"), bare())
	if want := []string{in("mid/devloop.yaml"), in("devloop.yaml")}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := Including(in("mid/low/devloop.yaml"), bare()); len(got) != 0 {
		t.Errorf("a project that nobody includes: %v", got)
	}
	if got := Including(in("devloop.yaml"), bare()); len(got) != 0 {
		t.Errorf("the outermost: %v", got)
	}
}

// TestProjects holds that every node has the settings of its own project.
func TestProjects(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml":     "include: {path: api, as: api}\nvars: {A: root}\nshell: [bash, -c]\nprocesses: {web: {run: ./web}}\n",
		"api/devloop.yaml": "vars: {A: api}\nenv: {B: b}\nignore: [tmp]\nsettle: 9ms\nwatchers: {w: {watch: src, stages: [make]}}\nsockets: {s: 0}\nprocesses: {p: {run: ./p, sockets: s, stop: {command: ./stop}, ready: {exec: ./ok}}}\n",
	})
	c, err := loadFile(filepath.Join(dir, "devloop.yaml"), bare())
	if err != nil {
		t.Fatal(err)
	}
	root, api := c.root(), c.Projects[1]
	if c.Process("web").Project != root || watcherOf(c, "api.w").Project != api || c.Process("api.p").Project != api || c.Socket("api.s").Project != api {
		t.Error("a node has another project's settings")
	}
	if api.Prefix != "api." || api.Dir != filepath.Join(dir, "api") || api.Vars[0].Value != "api" || api.Env.Vars[0].Name != "B" || len(api.Ignore) != 1 || api.Settle == nil || root.Settle != nil {
		t.Errorf("got %+v", api)
	}
	p := c.Process("api.p")
	if p.Short != "p" || p.Sockets[0] != (SocketRef{"api.s", "s", p.Sockets[0].Pos}) || p.Dir != api.Dir {
		t.Errorf("got %+v", p)
	}
	for _, cmd := range []Command{p.Run, *p.Stop.Command, *p.Ready.Exec, watcherOf(c, "api.w").Stages[0].Run} {
		if !cmd.Shell().Default {
			t.Errorf("%s has the shell of another project", cmd.Text)
		}
	}
	if shell := c.Process("web").Run.Shell(); shell.Default || shell.Argv[0] != "bash" {
		t.Errorf("web has %v", shell)
	}
	if shell := (Command{Text: "x"}).Shell(); !shell.Default || shell.Argv[0] != "/bin/sh" {
		t.Errorf("a command of no project has %v", shell)
	}
}

func TestPresetDir(t *testing.T) {
	dir := disk(t, map[string]string{
		"devloop.yaml":  "extends: ./team/web.yaml\nwatchers: {v: {watch: src, stages: [make]}}\n",
		"team/web.yaml": "watchers: {w: {watch: [src, \"${PRESET_DIR}/web.yaml\"], stages: [\"$PRESET_DIR/x\"]}}\n",
	})
	c, err := loadFile(filepath.Join(dir, "devloop.yaml"), bare())
	if err != nil {
		t.Fatal(err)
	}
	team := filepath.Join(dir, "team")
	if w := watcherOf(c, "w"); w.Stages[0].Run.PresetDir != team || w.Dir != dir || w.Watch[1].Base() != filepath.ToSlash(filepath.Join(team, "web.yaml")) {
		t.Errorf("got %+v", w)
	}
	if w := watcherOf(c, "v"); w.Stages[0].Run.PresetDir != "" {
		t.Errorf("the project's own command has the directory of a preset: %+v", w)
	}
}

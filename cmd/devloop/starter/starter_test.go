package starter

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/test/testenv"
	"devloop/schema"
	"devloop/schema/preset"
)

var update = flag.Bool("update", false, "write what the tests see into testdata")

// TestProjects drafts a configuration for each project of testdata: the files
// of an archive, whose last one, `want`, is what comes out. The configuration
// loads without a mistake.
func TestProjects(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 20 {
		t.Fatalf("%d archives: %v", len(archives), err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root := fstest.MapFS{}
			var want string
			files := a.Files[:0:0]
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				root[f.Name] = &fstest.MapFile{Data: f.Data}
				files = append(files, f)
			}
			draft, err := drafted(root, string(a.Comment))
			got := printed(draft, err)
			if err == nil {
				cfg, err := schema.Parse("/project/x/y/devloop.yaml", draft.Config, schema.Options{
					LookupEnv: func(string) (string, bool) { return "", false }, Presets: preset.FS(),
					ReadFile: func(name string) ([]byte, error) { return fs.ReadFile(draft.with(root), inProject(name)) },
					Stat:     func(name string) (fs.FileInfo, error) { return fs.Stat(draft.with(root), inProject(name)) },
				})
				if err != nil {
					t.Errorf("it does not load: %v\n%s", err, draft.Config)
				} else if _, mistakes := graph.New(cfg); len(mistakes) > 0 {
					t.Errorf("no graph: %v", mistakes)
				}
			}
			if *update {
				a.Files = append(files, txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// drafted looks at a project, or translates the file that the comment of its
// archive names: `from NAME`. `in DIR` is where it looks; a file `cargo` at the
// top is what cargo prints of a workspace in /project.
func drafted(root fstest.MapFS, comment string) (Draft, error) {
	at, tools := place(root), Tools{}
	for line := range strings.Lines(comment) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "from "); ok {
			return From(name, root[name].Data)
		}
		if dir, ok := strings.CutPrefix(strings.TrimSpace(line), "in "); ok {
			at.Dir, at.Base = dir, path.Join("/project", dir)
		}
	}
	if out := root["cargo"]; out != nil {
		delete(root, "cargo")
		tools.Cargo = func() ([]byte, error) {
			if text, ok := strings.CutPrefix(string(out.Data), "error: "); ok {
				return nil, errors.New(text)
			}
			return out.Data, nil
		}
	}
	return Look(at, tools)
}

// place is a project at the top of a file system.
func place(root fs.FS) Place { return Place{Top: root, Dir: ".", Base: "/project"} }

func printed(d Draft, err error) string {
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	b.Write(d.Config)
	if len(d.Ignore) > 0 {
		fmt.Fprintf(&b, "\nignore: %s\n", strings.Join(d.Ignore, " "))
	}
	for _, f := range d.Others {
		fmt.Fprintf(&b, "\n%s/devloop.yaml:\n%s", f.Dir, f.Config)
	}
	for _, l := range d.Lost {
		fmt.Fprintf(&b, "lost: %d: %s: %s\n", l.Line, l.What, l.Why)
	}
	for _, n := range d.Notes {
		b.WriteString("note: " + n + "\n")
	}
	return b.String()
}

func TestNothingHere(t *testing.T) {
	if _, err := Look(place(fstest.MapFS{"notes.txt": {Data: []byte("nothing")}}), Tools{}); !errors.As(err, new(*NothingError)) {
		t.Errorf("got %v, want a NothingError", err)
	}
	if _, err := From("Makefile", nil); err == nil || !strings.Contains(err.Error(), "no tool that devloop knows") {
		t.Errorf("got %v", err)
	}
}

// FuzzFrom holds that no file of another tool makes a translation panic, and
// that what comes out is YAML that the loader can speak about.
func FuzzFrom(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzFrom.txtar")
	archives, _ := filepath.Glob("testdata/from-*.txtar") // none: the fuzzer starts from nothing
	for _, file := range archives {
		if a, err := txtar.ParseFile(file); err == nil {
			for _, f2 := range a.Files {
				for i, name := range toolFiles {
					if name == f2.Name {
						f.Add(i, f2.Data)
					}
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, tool int, text []byte) {
		if tool < 0 || tool >= len(toolFiles) {
			return
		}
		d, err := From(toolFiles[tool], text)
		if err != nil {
			return
		}
		if _, err := schema.Parse("devloop.yaml", d.Config, schema.Options{Presets: preset.FS()}); err != nil {
			for _, m := range asMistakes(err) {
				if strings.Contains(m.Msg, "YAML") {
					t.Fatalf("%v\n%s", err, d.Config)
				}
			}
		}
	})
}

func asMistakes(err error) schema.Mistakes {
	var m schema.Mistakes
	errors.As(err, &m)
	return m
}

// TestPresetsPorts: the projects of a repository get ports that differ, so the presets' are known.
func TestPresetsPorts(t *testing.T) {
	files, err := fs.Glob(preset.FS(), "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	port := regexp.MustCompile(`(?m)^  PORT: (\d+)`)
	for _, file := range files {
		text, err := fs.ReadFile(preset.FS(), file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(file, ".yaml")
		if m := port.FindStringSubmatch(string(text)); m != nil && name != "procfile" && name != "docs" && presetPorts[name] != m[1] {
			t.Errorf("the preset %s has port %s, and drafts take it for %q", name, m[1], presetPorts[name])
		}
	}
}

// TestPresetsPatterns: a draft that adds to a preset's patterns repeats them, since a list replaces a list.
func TestPresetsPatterns(t *testing.T) {
	for name, pattern := range map[string]string{
		"go":         `"**/{*.{go,s,c,h,tmpl},testdata/**,go.mod,go.sum}"`,
		"go-web":     `"**/*.{go,html,tmpl,sql,mod,sum}"`,
		"rust":       `"{src/**,tests/**,benches/**,examples/**,build.rs,Cargo.toml,Cargo.lock}"`,
		"python-web": `"` + pythonPatterns["preset:python-web"] + `"`, "gunicorn": `"` + pythonPatterns["preset:gunicorn"] + `"`, "flask": `"` + pythonPatterns["preset:flask"] + `"`,
		"rust-web": `[src, Cargo.toml, Cargo.lock]`,
	} {
		text, err := fs.ReadFile(preset.FS(), name+".yaml")
		if err != nil || !strings.Contains(strings.Replace(string(text), "&sources ", "", 1), "watch: "+pattern+"\n") {
			t.Errorf("the preset %s does not watch %s, which drafts repeat: %v", name, pattern, err)
		}
	}
}

// with is a project's files and those of a draft beside them, in /project/x/y.
func (d Draft) with(root fstest.MapFS) fstest.MapFS {
	all := fstest.MapFS{}
	for name, f := range root {
		all[name] = f
	}
	for _, f := range d.Others {
		all[path.Join(f.Dir, "devloop.yaml")] = &fstest.MapFile{Data: f.Config}
	}
	return all
}

func inProject(name string) string {
	rel, err := filepath.Rel("/project/x/y", name)
	if err != nil {
		return name
	}
	return filepath.ToSlash(rel)
}

// Of several projects further down, people can choose one.
func TestChosenProject(t *testing.T) {
	root := fstest.MapFS{
		"package.json":          {Data: []byte(`{"workspaces": ["apps/*"]}`)},
		"apps/web/package.json": {Data: []byte(`{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "7"}}`)},
		"apps/api/package.json": {Data: []byte(`{"scripts": {"dev": "node server.js"}, "dependencies": {"express": "5"}}`)},
		"apps/api/server.js":    {Data: []byte("app.listen(process.env.PORT)\n")},
	}
	for _, c := range []struct{ choice, want string }{{"all of them", "apps/web apps/api"}, {"only api (apps/api): node-web", "apps/api"}} {
		draft, err := Look(place(root), Tools{Choose: func(_ string, options []string) int { return max(slices.Index(options, c.choice), 0) }})
		var dirs []string
		for _, f := range draft.Others {
			dirs = append(dirs, f.Dir)
		}
		if got := strings.Join(dirs, " "); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.choice, got, err)
		}
	}
}

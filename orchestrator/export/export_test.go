package export

import (
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"devloop/orchestrator/test/testenv"
	"devloop/schema"
)

var update = flag.Bool("update", false, "write what the tests see into testdata")

func load(t *testing.T, text string) *schema.Config {
	t.Helper()
	cfg, err := schema.Parse("/project/devloop.yaml", []byte(text), schema.Options{
		LookupEnv: func(string) (string, bool) { return "", false },
		Stat: func(path string) (fs.FileInfo, error) {
			if path == "/project/must.env" {
				return os.Stat("export_test.go") // a file
			}
			return nil, fs.ErrNotExist
		},
		ReadFile: func(string) ([]byte, error) { return []byte("A=${B:-x}\n"), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func archives(t *testing.T) map[string]*txtar.Archive {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	all := map[string]*txtar.Archive{}
	for _, f := range files {
		a, err := txtar.ParseFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[f] = a
	}
	return all
}

// TestFormats exports the devloop.yaml of each archive, and holds every file
// and everything lost against the sections behind it.
func TestFormats(t *testing.T) {
	for file, a := range archives(t) {
		cfg := load(t, string(a.Files[0].Data))
		got := &txtar.Archive{Comment: a.Comment, Files: a.Files[:1:1]}
		for _, format := range Formats {
			r, err := Write(format, cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range r.Files {
				got.Files = append(got.Files, txtar.File{Name: format + "/" + f.Name, Data: f.Text})
			}
			got.Files = append(got.Files, txtar.File{Name: format + ".lost", Data: []byte(strings.Join(r.Lost, "\n") + "\n")})
		}
		if *update {
			if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want := map[string]string{}
		for _, f := range a.Files {
			want[f.Name] = string(f.Data)
		}
		if len(a.Files) != len(got.Files) {
			t.Errorf("%s: %d files, want %d", file, len(got.Files), len(a.Files))
		}
		for _, f := range got.Files {
			if string(f.Data) != want[f.Name] {
				t.Errorf("%s: %s: got:\n%s\nwant:\n%s", file, f.Name, f.Data, want[f.Name])
			}
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	_, err := Write("kubernetes", load(t, "processes: {a: {run: x}}"))
	if err == nil || !strings.Contains(err.Error(), "one of systemd, compose, procfile") {
		t.Errorf("got %v", err)
	}
}

// TestSystemdAcceptsTheUnits has systemd's own reader judge them.
func TestSystemdAcceptsTheUnits(t *testing.T) {
	testenv.Program(t, "systemd-analyze")
	for file, a := range archives(t) {
		r, err := Write("systemd", load(t, string(a.Files[0].Data)))
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		args := []string{"verify", "--man=no", "--recursive-errors=yes"}
		for _, f := range r.Files {
			path := filepath.Join(dir, f.Name)
			if err := os.WriteFile(path, f.Text, 0o644); err != nil {
				t.Fatal(err)
			}
			args = append(args, path)
		}
		cmd := exec.Command("systemd-analyze", args...)
		cmd.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
		out, err := cmd.CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, dir) || strings.Contains(line, "my-shop") || strings.Contains(line, "shop-") {
				t.Errorf("%s: %s", file, line)
			}
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", file, err, out)
		}
	}
}

// TestComposeIsYAML holds that the file is one, with a service a process, and
// no `$` that compose would fill in.
func TestComposeIsYAML(t *testing.T) {
	for file, a := range archives(t) {
		cfg := load(t, string(a.Files[0].Data))
		r, err := Write("compose", cfg)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Services map[string]map[string]any
		}
		if err := yaml.Unmarshal(r.Files[0].Text, &got); err != nil || len(got.Services) != len(cfg.Processes) {
			t.Errorf("%s: %d services of %d processes, %v", file, len(got.Services), len(cfg.Processes), err)
		}
	}
}

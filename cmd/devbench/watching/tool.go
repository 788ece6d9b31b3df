package watching

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A tool is something that watches files and runs a command. Each is asked for
// the same: run the command when a .txt file anywhere below the project
// changes. Each is asked in the way its own documentation shows, with its
// defaults, unless its name says "tuned".
type tool struct {
	name    string
	program string   // looked up in PATH; "" where find knows better
	how     string   // as it is typed, or what its file says
	install string   // how to get it
	only    []string // the parts that it takes part in; empty: all
	initial bool     // it runs the command once when it starts
	deaf    bool     // it acts on no save: its first run tells that it is ready
	// args is its arguments, without the program. It may write the tool's own
	// file into the project.
	args    func(p project, command string) ([]string, error)
	version func(path string) string

	path string // where it was found
	is   string // its version
}

// label is the name in the tables; devloop stands out.
func (t *tool) label() string {
	if t.name == "devloop" {
		return "**devloop**"
	}
	return t.name
}

func (t *tool) takesPart(part string) bool { return len(t.only) == 0 || slices.Contains(t.only, part) }

// file writes a tool's own file into the project.
func file(p project, name, text string) error {
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("make the place of %s: %w", name, err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// words is a command as an argument list: devbench's own holds no quotes.
func words(command string) []string { return strings.Fields(command) }

func airFile(command string, delay time.Duration) string {
	return fmt.Sprintf(`root = "."
tmp_dir = "tmp"
[build]
cmd = %q
entrypoint = ["/bin/true"]
include_ext = ["txt"]
delay = %d
stop_on_error = true
`, command, delay.Milliseconds())
}

// knownTools is every tool that devbench can start, in the order of the tables.
var knownTools = []*tool{
	{
		name: "floor", how: "inotify, fork and exec: no wait, no filter but the suffix (a part of devbench)", only: []string{"latency", "ready"}, initial: true,
		args: func(_ project, command string) ([]string, error) {
			return append([]string{"__floor", "."}, words(command)...), nil
		},
		version: func(string) string { return "" }, install: "only Linux has inotify",
	},
	{
		name: "walk", how: "single-threaded C: a watch on every directory, and nothing else (testdata/walk.c)", only: []string{"ready"}, initial: true, deaf: true,
		args: func(_ project, command string) ([]string, error) {
			return append([]string{"."}, words(command)...), nil
		},
		version: func(string) string { return "" }, install: "apt-get install gcc",
	},
	{
		name: "devloop", how: "devloop.yaml: one watcher, `watch: \"**/*.txt\"`, one stage", initial: true,
		args: func(p project, command string) ([]string, error) {
			return nil, file(p, "devloop.yaml", fmt.Sprintf("version: 1\nwatchers:\n  bench:\n    watch: \"**/*.txt\"\n    stages:\n      - %s\n", command))
		},
		version: moduleVersion,
	},
	{
		name: "entr", program: "entr", how: "`find . -name '*.txt' \\| entr -n COMMAND` (`git ls-files` where something is ignored)", install: "apt-get install entr", initial: true,
		args: func(p project, command string) ([]string, error) {
			list := "find . -name '*.txt'"
			if p.ignores {
				list = "git ls-files -co --exclude-standard '*.txt'"
			}
			return []string{"sh", "-c", list + " | entr -n " + command}, nil
		},
		version: func(path string) string { return word(output(path), "release:") },
	},
	{
		name: "reflex", program: "reflex", how: "`reflex -r '\\.txt$' -- COMMAND`", install: "go install github.com/cespare/reflex@latest",
		args: func(_ project, command string) ([]string, error) {
			return append([]string{"-r", `\.txt$`, "--"}, words(command)...), nil
		},
		version: moduleVersion,
	},
	{
		name: "modd", program: "modd", how: "modd.conf: `**/*.txt { prep: COMMAND }`", install: "go install github.com/cortesi/modd/cmd/modd@latest", initial: true,
		args: func(p project, command string) ([]string, error) {
			return nil, file(p, "modd.conf", fmt.Sprintf("**/*.txt {\n    prep: %s\n}\n", command))
		},
		version: moduleVersion,
	},
	{
		name: "air", program: "air", how: ".air.toml: `include_ext = [\"txt\"]`, `delay = 1000` (its default)", install: "go install github.com/air-verse/air@latest", initial: true,
		args: func(p project, command string) ([]string, error) {
			return nil, file(p, ".air.toml", airFile(command, time.Second))
		},
		version: moduleVersion,
	},
	{
		name: "air-tuned", program: "air", how: "the same, `delay = 1`", install: "with air", only: []string{"latency", "storm"}, initial: true,
		args: func(p project, command string) ([]string, error) {
			return nil, file(p, ".air.toml", airFile(command, time.Millisecond))
		},
		version: moduleVersion,
	},
	{
		name: "wgo", program: "wgo", how: "`wgo -file '\\.txt$' COMMAND`", install: "go install github.com/bokwoon95/wgo@latest", initial: true,
		args: func(_ project, command string) ([]string, error) {
			return append([]string{"-file", `\.txt$`}, words(command)...), nil
		},
		version: moduleVersion,
	},
	{
		name: "wgo-tuned", program: "wgo", how: "the same with `-debounce 10ms`", install: "with wgo", only: []string{"latency", "storm"}, initial: true,
		args: func(_ project, command string) ([]string, error) {
			return append([]string{"-debounce", "10ms", "-file", `\.txt$`}, words(command)...), nil
		},
		version: moduleVersion,
	},
	{
		name: "nodemon", program: "nodemon", how: "`nodemon --watch . --ext txt --exec COMMAND`", install: "npm install -g nodemon", initial: true,
		args: func(_ project, command string) ([]string, error) {
			return []string{"--watch", ".", "--ext", "txt", "--exec", command}, nil
		},
		version: func(path string) string { return output(path, "--version") },
	},
	{
		name: "watchexec", program: "watchexec", how: "`watchexec -e txt -- COMMAND`", install: "cargo install --locked watchexec-cli", initial: true,
		args: func(_ project, command string) ([]string, error) {
			return append([]string{"-e", "txt", "--"}, words(command)...), nil
		},
		version: func(path string) string { return word(output(path, "--version"), "watchexec") },
	},
	{
		name: "cargo-watch", program: "cargo-watch", how: "`cargo watch -w . -s COMMAND`", install: "cargo install --locked cargo-watch", initial: true,
		args: func(p project, command string) ([]string, error) {
			for name, text := range map[string]string{"Cargo.toml": "[package]\nname = \"bench\"\nversion = \"0.1.0\"\n", "src/lib.rs": ""} {
				if err := file(p, name, text); err != nil {
					return nil, err
				}
			}
			return []string{"watch", "-w", ".", "-s", command}, nil
		},
		version: func(path string) string { return word(output(path, "--version"), "cargo-watch") },
	},
	{
		name: "inotifywait", program: "inotifywait", how: "`inotifywait -mrq -e close_write,moved_to --include '\\.txt$' . \\| while read -r _; do COMMAND; done`", install: "apt-get install inotify-tools",
		args: func(_ project, command string) ([]string, error) {
			return []string{"sh", "-c", `inotifywait -mrq -e close_write,moved_to --include '\.txt$' . | while read -r _; do ` + command + `; done`}, nil
		},
		version: func(path string) string { return word(output(path, "--help"), "inotifywait") },
	},
}

// moduleVersion reads the version that the go command wrote into a program.
func moduleVersion(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return "?"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return "of this tree"
}

// output is what a program says when it is asked for its version or usage.
func output(path string, args ...string) string {
	cmd := exec.Command(path, args...)
	out, _ := cmd.CombinedOutput() // entr shows its version in a usage error
	return string(bytes.TrimSpace(out))
}

// word is the word after another one in a text.
func word(text, after string) string {
	all := strings.Fields(text)
	if i := slices.Index(all, after); i >= 0 && i+1 < len(all) {
		return all[i+1]
	}
	return "?"
}

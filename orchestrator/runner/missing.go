package runner

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/shellcmd"
	"devloop/schema"
)

// wanted is the program that a command runs.
type wanted struct {
	program string // as the command names it; "" if it is one of PATH, or unknown
	name    string // of one of PATH; "" if it is named by a path, or unknown
	path    string // the PATH that is searched
	dir     string // that a relative path is relative to
	builds  string // CARGO_TARGET_DIR, absolute; "" if there is none
}

// wantedProgram is the program of a configured command, whose environment is made of these layers. It is
// shown on the screen, so only the `vars` are filled in.
func (b *builder) wantedProgram(run schema.Command, argv []string, dir string, e *environ, layers ...schema.EnvLayer) wanted {
	name := ""
	switch {
	case len(run.Argv) > 0:
		name = argv[0]
	case run.Shell().Default:
		name, _ = shellcmd.Program(run.Shown(layers...))
	}
	path, _ := e.lookup("PATH")
	if !strings.Contains(name, "/") {
		return wanted{name: name, path: path, dir: dir}
	}
	w := wanted{program: name, path: path, dir: dir}
	for _, v := range b.environ {
		if built, ok := strings.CutPrefix(v, "CARGO_TARGET_DIR="); ok && built != "" {
			w.builds = absoluteIn(dir, built)
		}
	}
	return w
}

// couldNotRun tells whether a command may have ended because its program is missing.
func couldNotRun(exit procgroup.Exit) bool {
	return exit.Code == 127 || exit.Err != nil // a shell's exit code for it, or the system said so
}

// seek finds out, in a goroutine of its own, whether the program of a command is missing and where there is
// one of that name.
func (w wanted) seek(o *owner, node int, exit procgroup.Exit) {
	if w.program == "" || !couldNotRun(exit) {
		return
	}
	o.onDisk(func() {
		path := absoluteIn(w.dir, w.program)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return
		}
		found := w.elsewhere()
		if rel, err := filepath.Rel(w.dir, found); err == nil && found != "" {
			found = filepath.ToSlash(rel)
		}
		hint := missingHint(found)
		if install := w.install(); install != "" && found == "" {
			hint = install
		}
		o.post(func() { o.missing(node, path+" is not there", hint) })
	})
}

// install is what puts a program where package managers do; "" for one that a stage would build.
func (w wanted) install() string {
	switch program := filepath.ToSlash(w.program); {
	case strings.Contains(program, "node_modules/.bin/"):
		if !w.there("node_modules") {
			return nodeInstall(w.there)
		}
		return "`" + nodeTool(w.there) + " install` puts it there, if package.json names it"
	case strings.Contains(program, "vendor/bin/"):
		return "`composer install` puts it there"
	case strings.Contains(program, "venv/bin/"):
		return "`uv sync` makes the environment, or `python3 -m venv` and its pip"
	}
	return ""
}

// there tells whether one of some paths, relative to where the command runs or absolute, exists.
func (w wanted) there(names ...string) bool {
	for _, name := range names {
		if _, err := os.Stat(absoluteIn(w.dir, filepath.FromSlash(name))); err == nil {
			return true
		}
	}
	return false
}

// absoluteIn is a path, made absolute from a directory.
func absoluteIn(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// missingHint says what to do. found is a path as people would write it, or "".
func missingHint(found string) string {
	hint := "check the path (relative to `dir`), and that a stage builds it"
	if found != "" {
		hint = "there is " + found
		if strings.HasPrefix(found, "../") && strings.Contains(found, "/target/") {
			hint += ": cargo builds a member of a workspace in the workspace's target directory; `run` that, or set CARGO_TARGET_DIR for both"
		} else {
			hint += ": `run` that?"
		}
	}
	return hint
}

// elsewhere is the path of a program of the same name: at the same place below a directory above, where cargo
// builds, or in one of the directories beside it. "" if there is none.
func (w wanted) elsewhere() string {
	dir, program, built := w.dir, w.program, w.builds
	var patterns []string
	base := filepath.Base(program)
	if !filepath.IsAbs(program) {
		program = filepath.Clean(program)
		for strings.HasPrefix(program, ".."+string(filepath.Separator)) {
			program = program[3:]
			patterns = append(patterns, filepath.Join(quoteGlob(dir), quoteGlob(program)))
		}
		for up := dir; filepath.Dir(up) != up; up = filepath.Dir(up) {
			patterns = append(patterns, filepath.Join(quoteGlob(filepath.Dir(up)), quoteGlob(program)))
		}
		first, _, nested := strings.Cut(program, string(filepath.Separator))
		for up := dir; nested; up = filepath.Dir(up) {
			for _, between := range []string{"", "*", "*/*"} {
				patterns = append(patterns, filepath.Join(quoteGlob(up), quoteGlob(first), between, quoteGlob(base)))
			}
			if filepath.Dir(up) == up {
				break
			}
		}
	}
	if built != "" {
		patterns = append(patterns, filepath.Join(quoteGlob(built), "*", quoteGlob(base)), filepath.Join(quoteGlob(built), "*", "*", quoteGlob(base)))
	}
	patterns = append(patterns, filepath.Join(quoteGlob(dir), quoteGlob(base)), filepath.Join(quoteGlob(dir), "*", quoteGlob(base)))
	for _, pattern := range patterns {
		paths, _ := filepath.Glob(pattern) // its only error is a bad pattern
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && (info.Mode()&0o111 != 0 || filepath.Ext(path) == ".exe") {
				return path
			}
		}
	}
	return ""
}

// quoteGlob is a path as a literal pattern of filepath.Glob.
func quoteGlob(path string) string {
	if filepath.Separator == '\\' {
		return path // there is no way to quote
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

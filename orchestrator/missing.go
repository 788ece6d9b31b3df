package orchestrator

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"devloop/orchestrator/machine"
	"devloop/orchestrator/shellcmd"
	"devloop/schema"
)

// missingEvent is a process whose program is not there.
type missingEvent struct {
	key   commandKey
	path  string // absolute
	found string // where there is one of that name, as people would write it; or ""
}

// programPath is the program of a process's command, if it is named by a path; else "".
func programPath(run schema.Command, argv []string, e *environ) string {
	name := ""
	switch {
	case len(run.Argv) > 0:
		name = argv[0]
	case run.Shell().Default:
		name, _ = shellcmd.Program(run.Text, e.lookup)
	}
	if !strings.Contains(name, "/") {
		return "" // one of PATH, or not known
	}
	return name
}

// couldNotRun reports whether a command may have ended because its program is not there.
func couldNotRun(end machine.End) bool {
	return end.Code == 127 || end.Err != "" // what a shell ends with, or the system said so
}

// seekProgram looks, in a goroutine of its own, whether the program of a process is missing and
// where there is one of its name.
func (l *loop) seekProgram(c *command, end machine.End) {
	if c.program == "" || c.stop || c.kill || !couldNotRun(end) {
		return
	}
	dir, program, built := c.process.Dir, c.program, c.builds
	l.goroutine(func() {
		path := absoluteIn(dir, program)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return
		}
		found := elsewhere(dir, program, built)
		if rel, err := filepath.Rel(dir, found); err == nil && found != "" {
			found = filepath.ToSlash(rel)
		}
		l.post(missingEvent{c.key, path, found})
	})
}

// absoluteIn is a path that belongs to a directory if it is relative.
func absoluteIn(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// programMissing tells of it, unless the process waits for what builds it.
func (l *loop) programMissing(ev missingEvent) {
	if st := l.machine.Status()[ev.key.node]; st.Hold.Kind == machine.NotBuilt {
		return
	}
	hint := "check `run`, and that a stage builds it: a relative path belongs to the directory of the process"
	if ev.found != "" {
		hint = "there is " + ev.found
		if strings.HasPrefix(ev.found, "../") && strings.Contains(ev.found, "/target/") {
			hint += ": cargo builds a member of a workspace in the workspace's target directory; `run` that, or set CARGO_TARGET_DIR for both"
		} else {
			hint += ": `run` that?"
		}
	}
	l.say.missing(adviceEvent{ev.key.node, ev.path + " is not there", hint})
}

// elsewhere is the path of a program that is not at dir/program: at the same place below a
// directory above, where cargo builds, or in one of the directories beside it. "" if there is none.
func elsewhere(dir, program, built string) string {
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

// quoteGlob is a path in which no character has a meaning of its own to filepath.Glob.
func quoteGlob(path string) string {
	if filepath.Separator == '\\' {
		return path // there is no way to quote
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// Package diagnostics finds the places in files that compilers, linters and test
// runners complain of, in what they print. It knows the forms of go, rustc and
// cargo, gcc and clang, tsc, eslint, esbuild and Vite, vitest, jest, node, Python,
// pytest, Ruby, minitest and RSpec, PHP, javac, Maven, Gradle, JUnit and Kotlin,
// and the general FILE:LINE[:COLUMN]: MESSAGE. It never invents a place: the file
// is there. In the same pass it counts warnings.
package diagnostics

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Severity is how bad a problem is.
type Severity string

// The severities, by the words that most tools use.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Problem is one complaint about a place in a file.
type Problem struct {
	File     string // absolute
	Line     int    // from 1
	Column   int    // from 1, in the tool's own units; 0 if it names none
	Severity Severity
	Message  string // one line
	Source   string // the form that it was read by, such as "rustc"; "" for the general one
	At       int    // the line of the output, from 1

	said bool // the tool named the severity
}

const (
	mostProblems = 500  // of one command; the rest is counted
	longestLine  = 2000 // bytes; a longer one names no place
	longestText  = 300  // bytes of a message
	lastLines    = 20   // that stand for problems where none was found
)

// Reader reads the output of one command as it comes.
type Reader struct {
	exists func(path string) bool
	dirs   []string // where relative paths begin, the likeliest first

	mu       sync.Mutex // guards all below
	forms    []form
	at       int
	rest     []byte // of a line that has not ended
	problems []Problem
	more     int
	last     []string
	warned   warnings
}

// form reads the lines of one kind of tool. It may keep what it has read, and says
// whether a line is its own.
type form interface {
	line(r *Reader, text string) bool
}

// Options say how output is read.
type Options struct {
	Tool    string         // only its form, and the general one; "": all forms
	Pattern *regexp.Regexp // only this, whose groups are file, line, and perhaps column, severity and message
	Off     bool           // nothing is found; the last lines are kept and warnings counted all the same

	// Exists tells whether a path is that of a regular file. It is asked by whoever
	// calls Write and Finish.
	Exists func(path string) bool

	// Dirs are where relative paths begin, the likeliest first.
	Dirs []string
}

// New makes a Reader of one command's output.
func New(opt Options) *Reader {
	return &Reader{exists: opt.Exists, dirs: opt.Dirs, forms: opt.forms()}
}

// Write takes in output without escape sequences.
func (r *Reader) Write(block []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		end := bytes.IndexByte(block, '\n')
		if end < 0 {
			if len(r.rest)+len(block) <= longestLine {
				r.rest = append(r.rest, block...)
			}
			return
		}
		line := block[:end]
		if len(r.rest) > 0 {
			line = append(r.rest, line...)
		}
		r.line(strings.TrimSuffix(string(line[:min(len(line), longestLine+1)]), "\r"))
		r.rest, block = r.rest[:0], block[end+1:]
	}
}

func (r *Reader) line(text string) {
	r.at++
	r.warned.line(text)
	if strings.TrimSpace(text) != "" {
		if len(r.last) == lastLines {
			r.last = append(r.last[:0], r.last[1:]...)
		}
		r.last = append(r.last, text)
	}
	if len(text) > longestLine {
		return
	}
	for _, f := range r.forms {
		if f.line(r, text) {
			return
		}
	}
}

// Finish takes in the end of the output, perhaps of a line that has none. Like Write, it
// asks whether files are there.
func (r *Reader) Finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.rest) > 0 {
		r.line(string(r.rest))
		r.rest = nil
	}
	r.line("") // the last form may have waited for the next line
}

// Result are the problems of a finished output, in its order, and how many more there were. Of one that passed only warnings that are named so
// count: the rest is what programs print. tail are its last lines if it failed
// and named no place.
func (r *Reader) Result(failed bool) (problems []Problem, more int, tail []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.problems {
		if failed || p.said && p.Severity == Warning {
			problems = append(problems, p)
		}
	}
	if !failed {
		return problems, 0, nil
	}
	if len(problems) == 0 {
		tail = slices.Clone(r.last)
	}
	return problems, r.more, tail
}

// find is a file that the output names, as an absolute path; "" if there is none.
func (r *Reader) find(name string) string {
	name = strings.TrimPrefix(name, "file://")
	if name == "" || strings.HasPrefix(name, "node:") {
		return ""
	}
	if filepath.IsAbs(name) {
		if name = filepath.Clean(name); r.exists(name) {
			return name
		}
		return ""
	}
	for _, dir := range r.dirs {
		if path := filepath.Join(dir, filepath.FromSlash(name)); r.exists(path) {
			return path
		}
	}
	return ""
}

// add records a problem whose file is there, once; false if it is not.
func (r *Reader) add(p Problem) bool {
	if p.Line <= 0 {
		return false
	}
	if p.File = r.find(p.File); p.File == "" {
		return false
	}
	p.Message = strings.TrimSpace(p.Message)
	if len(p.Message) > longestText {
		p.Message = strings.ToValidUTF8(p.Message[:longestText], "") + "…"
	}
	if p.said = p.Severity != ""; !p.said {
		p.Severity = Error
	}
	p.At = r.at
	same := func(q Problem) bool {
		return q.File == p.File && q.Line == p.Line && q.Column == p.Column && q.Message == p.Message
	}
	switch {
	case slices.ContainsFunc(r.problems, same):
	case len(r.problems) >= mostProblems:
		r.more++
	default:
		r.problems = append(r.problems, p)
	}
	return true
}

// own tells whether a file is the project's: neither a library's nor a tool's.
func (r *Reader) own(name string) bool {
	path := r.find(name)
	if path == "" {
		return false
	}
	for _, library := range []string{"/node_modules/", "/site-packages/", "/dist-packages/", "/vendor/", "/.venv/", "/.cargo/"} {
		if strings.Contains(filepath.ToSlash(path), library) {
			return false
		}
	}
	return slices.ContainsFunc(r.dirs, func(dir string) bool { return strings.HasPrefix(path, dir+string(filepath.Separator)) })
}

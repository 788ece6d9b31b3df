package starter

import (
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

// project is the folder that is looked at.
type project struct {
	root  fs.FS  // the folder
	top   fs.FS  // the file system that it is in
	dir   string // where it is in top, with slashes; "." if it is the top
	base  string // its absolute path, as other programs print it
	tools Tools
	files []string // what walk found
	said  *[]said  // what commands found

	included bool // it is drafted as a part of a loop above, which builds what its packages share
}

// said is a command by which the project says that it is run or built, with the place that says
// so, such as `package.json, script dev` or `Makefile, target run`.
type said struct {
	command string
	from    string
	line    int    // in its file, from 1; 0 where that is not known
	name    string // of the script, target, recipe, task or process
	file    string
}

func newProject(at Place, tools Tools) (*project, error) {
	root, err := fs.Sub(at.Top, at.Dir)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", at.Base, err)
	}
	return &project{root: root, top: at.Top, dir: at.Dir, base: at.Base, tools: tools}, nil
}

// Bounds of looking: a project is known by its first files, not by its last.
const (
	maxFiles = 5000
	maxRead  = 256 << 10 // bytes of one file
	maxDepth = 6         // of directories, but for the packages of a JVM
)

// has tells whether there is a file of that name. A FIFO or a device is none: to
// open it could wait for ever.
func (p *project) has(name string) bool {
	info, err := fs.Stat(p.root, name)
	return err == nil && info.Mode().IsRegular()
}

// read returns the beginning of a file; "" if it is not there. The path may lead above the
// folder: `../Cargo.toml`.
func (p *project) read(name string) (string, error) {
	if !p.isFile(name) {
		return "", nil
	}
	at, _ := p.locate(name)
	f, err := p.top.Open(at)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxRead))
	if err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return strings.ToValidUTF8(string(text), "?"), nil
}

// isFile reports whether a path relative to the project, perhaps above it, is a file.
func (p *project) isFile(name string) bool {
	at, ok := p.locate(name)
	if !ok {
		return false
	}
	info, err := fs.Stat(p.top, at)
	return err == nil && info.Mode().IsRegular()
}

// locate finds a path relative to the folder in the file system that it is in. It fails for one
// that leads out of that.
func (p *project) locate(name string) (string, bool) {
	at := path.Join(p.dir, name)
	return at, fs.ValidPath(at)
}

// canRise reports whether there is a directory above one that is given relative to the folder.
func (p *project) canRise(dir string) bool {
	at, ok := p.locate(dir)
	return ok && at != "."
}

// upwards are a directory and those above it, as far as they can be read.
func (p *project) upwards(dir string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for yield(dir) && p.canRise(dir) {
			dir = path.Join(dir, "..")
		}
	}
}

// inside reports whether a directory is another one, or in it; both are relative to the folder.
func (p *project) inside(dir, other string) bool {
	a, okA := p.locate(dir)
	b, okB := p.locate(other)
	return okA && okB && (b == "." || below(a, b))
}

// below reports whether a cleaned relative path is dir, or in it.
func below(name, dir string) bool {
	if dir == "." {
		return name != ".." && !strings.HasPrefix(name, "../")
	}
	rest, ok := strings.CutPrefix(name, dir)
	return ok && (rest == "" || rest[0] == '/') && !strings.HasPrefix(rest, "/..")
}

// relative is an absolute path, as a program on this machine prints it, relative to the folder.
func (p *project) relative(abs string) (string, error) {
	rel, err := filepath.Rel(p.base, abs)
	if err != nil {
		return "", fmt.Errorf("%s is not on the disk of this project: %w", abs, err)
	}
	return filepath.ToSlash(rel), nil
}

// matches are the paths relative to the folder that match a pattern of fs.Glob.
func (p *project) matches(pattern string) []string {
	at, ok := p.locate(pattern)
	if !ok {
		return nil
	}
	found, _ := fs.Glob(p.top, at) // a bad pattern matches nothing
	for i, f := range found {
		found[i] = p.rel(f)
	}
	return found
}

// rel is a path in the file system, relative to the folder.
func (p *project) rel(at string) string {
	rel, up := at, ""
	for dir := p.dir; ; dir, up = path.Dir(dir), up+"../" {
		if dir == "." || at == dir || strings.HasPrefix(at, dir+"/") {
			if dir != "." {
				rel = strings.TrimPrefix(strings.TrimPrefix(at, dir), "/")
			}
			return path.Clean(up + rel)
		}
	}
}

// skipped are directories that hold no sources of the project's own.
var skipped = []string{"node_modules", "vendor", "target", "dist", "build", "venv", "testdata", "__pycache__"}

// sources returns the files with one of these extensions, the nearest to the
// root first. Unreadable directories are passed over.
func (p *project) sources(exts ...string) []string {
	if p.files == nil {
		p.files = []string{}
		_ = fs.WalkDir(p.root, ".", func(name string, e fs.DirEntry, err error) error { // every error is passed over
			switch {
			case err != nil:
				return nil
			case len(p.files) >= maxFiles:
				return fs.SkipAll
			case e.IsDir() && name != "." && (strings.HasPrefix(e.Name(), ".") || slices.Contains(skipped, e.Name()) || strings.Count(name, "/") >= maxDepth && !strings.Contains("/"+name+"/", "/src/main/")):
				return fs.SkipDir
			case !e.IsDir():
				p.files = append(p.files, name)
			}
			return nil
		})
		slices.SortStableFunc(p.files, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	}
	var found []string
	for _, f := range p.files {
		if slices.Contains(exts, path.Ext(f)) {
			found = append(found, f)
		}
	}
	return found
}

// projectFiles are what a project of its own is known by.
var projectFiles = []string{"Cargo.toml", "go.mod", "package.json", "pyproject.toml", "requirements.txt", "manage.py", "Gemfile", "composer.json", "mix.exs", "deno.json", "deno.jsonc", "build.gradle", "build.gradle.kts", "pom.xml"}

// nothing is a NothingError, with the projects below that could be meant.
func (p *project) nothing() error {
	p.sources() // which looks
	var dirs []string
	for _, f := range p.files {
		if dir := path.Dir(f); dir != "." && slices.Contains(projectFiles, path.Base(f)) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return &NothingError{Below: dirs}
}

// codeOf is the code of each of the files that can be read.
func (p *project) codeOf(files []string) iter.Seq2[string, string] {
	return func(yield func(file, text string) bool) {
		for _, f := range files {
			if text, err := p.read(f); err == nil && !yield(f, code(f, text)) {
				return
			}
		}
	}
}

// search returns the first match in the code of the files, with the file; nil
// if none has one.
func (p *project) search(files []string, re *lazyregexp.Regexp) (file string, match []string) {
	for f, text := range p.codeOf(files) {
		if m := re.FindStringSubmatch(text); m != nil {
			return f, m
		}
	}
	return "", nil
}

// replaceFunc replaces each match by what f makes of its groups.
func replaceFunc(re *lazyregexp.Regexp, s string, f func(groups []string) string) string {
	return re.ReplaceAllStringFunc(s, func(m string) string { return f(re.FindStringSubmatch(m)) })
}

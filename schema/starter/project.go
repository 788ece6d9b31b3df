package starter

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// project is the folder that is looked at.
type project struct {
	root  fs.FS
	files []string // what walk found
}

// Bounds of looking: a project is known by its first files, not by its last.
const (
	maxFiles = 5000
	maxRead  = 256 << 10 // bytes of one file
	maxDepth = 6
)

// has tells whether there is a file of that name. A FIFO or a device is none: to
// open it could wait for ever.
func (p *project) has(name string) bool {
	info, err := fs.Stat(p.root, name)
	return err == nil && info.Mode().IsRegular()
}

// read returns the beginning of a file; "" if it is not there.
func (p *project) read(name string) (string, error) {
	if !p.has(name) {
		return "", nil
	}
	f, err := p.root.Open(name)
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
			case e.IsDir() && name != "." && (strings.HasPrefix(e.Name(), ".") || slices.Contains(skipped, e.Name()) || strings.Count(name, "/") >= maxDepth):
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
var projectFiles = []string{"Cargo.toml", "go.mod", "package.json", "pyproject.toml", "requirements.txt", "manage.py", "Gemfile", "build.gradle", "build.gradle.kts", "pom.xml"}

// nothing is ErrNothing, with the projects below that could be meant.
func (p *project) nothing() error {
	p.sources() // which looks
	var dirs []string
	for _, f := range p.files {
		if dir := path.Dir(f); slices.Contains(projectFiles, path.Base(f)) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	return &NothingError{Below: dirs}
}

// search returns the first match in the files, with the file; nil if none has
// one.
func (p *project) search(files []string, re *pattern) (file string, match []string) {
	for _, f := range files {
		text, err := p.read(f)
		if err != nil {
			continue
		}
		if m := re.FindStringSubmatch(text); m != nil {
			return f, m
		}
	}
	return "", nil
}

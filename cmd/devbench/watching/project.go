package watching

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A project is a tree of files that one tool watches.
type project struct {
	dir     string
	dirs    []string // of the watched files, absolute, in the order they were made
	files   []string // watched .txt files, absolute
	ignores bool     // there is a .gitignore, and git knows it
}

// A shape says how large a tree is: two levels of directories and their files.
type shape struct {
	outer, inner int // directories, and directories in each
	files        int // in all
}

func (s shape) dirs() int { return s.outer + s.outer*s.inner }

var (
	smallShape = shape{outer: 5, inner: 3, files: 100}
	stormShape = shape{outer: 50, inner: 19, files: 10_000}
	bigShapes  = map[string]shape{
		"small": {outer: 100, inner: 10, files: 10_000},
		"big":   {outer: 2_000, inner: 10, files: 200_000},
	}
)

// makeProject makes a tree at dir/name. Its files are as long as short source files.
func makeProject(dir, name string, s shape) (project, error) {
	p := project{dir: filepath.Join(dir, name)}
	return p, p.grow("src", s)
}

// grow adds directories and files below a directory of the project.
func (p *project) grow(below string, s shape) error {
	for o := range s.outer {
		outer := filepath.Join(p.dir, below, fmt.Sprintf("d%04d", o))
		if err := os.MkdirAll(outer, 0o777); err != nil {
			return fmt.Errorf("make tree: %w", err)
		}
		p.dirs = append(p.dirs, outer)
		for i := range s.inner {
			inner := filepath.Join(outer, fmt.Sprintf("e%02d", i))
			if err := os.Mkdir(inner, 0o777); err != nil {
				return fmt.Errorf("make tree: %w", err)
			}
			p.dirs = append(p.dirs, inner)
		}
	}
	first := len(p.dirs) - s.dirs()
	for f := range s.files {
		path := filepath.Join(p.dirs[first+f%s.dirs()], fmt.Sprintf("f%03d.txt", f/s.dirs()))
		if err := os.WriteFile(path, content(300+rand.IntN(700)), 0o666); err != nil {
			return fmt.Errorf("make tree: %w", err)
		}
		p.files = append(p.files, path)
	}
	return nil
}

var contents int

// content is n or a few more bytes that nobody has written before.
func content(n int) []byte {
	contents++
	line := fmt.Sprintf("content %d\n", contents)
	return []byte(strings.Repeat(line, n/len(line)+1))
}

// ignore makes git ignore a directory of the project, with git's help where
// git is installed (some tools want to see a repository).
func (p *project) ignore(name string) error {
	if err := file(*p, ".gitignore", "/"+name+"/\n"); err != nil {
		return err
	}
	p.ignores = true
	if _, err := exec.LookPath("git"); err != nil {
		return nil
	}
	cmd := exec.Command("git", "init", "-q")
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git init: %w\n%s", err, out)
	}
	return nil
}

// notice takes back what ignore did.
func (p *project) notice() error {
	p.ignores = false
	for _, name := range []string{".gitignore", ".git"} {
		if err := os.RemoveAll(filepath.Join(p.dir, name)); err != nil {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	return nil
}

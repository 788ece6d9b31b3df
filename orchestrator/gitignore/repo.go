package gitignore

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"devloop/schema/smallfile"
)

// repository is where the rules that stand outside the work tree come from.
type repository struct {
	top    string // the work tree's first directory
	common string // the directory shared by all work trees: config, info/exclude ("" without a repository)
	gitDir string // this work tree's own: HEAD, config.worktree
	linked bool   // one of several work trees, made by "git worktree add"
	fold   bool   // core.ignoreCase
	shared bool   // it has linked work trees, and one of them may lie inside this one

	excludes []string // the files that rules were looked for in, strongest first: info/exclude, core.excludesFile
	configs  []string // the configuration files that were looked for
	rules    [][]rule // read from excludes

	hashSize int // of an object's name in the index, in bytes
	tracked  tracked
}

// findRepository looks for the repository whose work tree dir lies in, from dir upwards; nil if there is none.
func findRepository(dir string) *repository {
	for {
		if r := repositoryAt(dir); r != nil {
			return r
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return nil
		}
		dir = parent
	}
}

// repositoryAt returns the repository whose work tree begins at top: ".git" is a directory, or, in linked work
// trees and submodules, a file that names it (gitrepository-layout(5)). nil if there is none.
func repositoryAt(top string) *repository {
	dotGit := filepath.Join(top, ".git")
	info, err := os.Lstat(dotGit)
	if err != nil {
		return nil
	}
	gitDir, linked := dotGit, false
	if info.Mode().IsRegular() {
		text, err := smallfile.Read(dotGit)
		if err != nil {
			return nil
		}
		target, ok := strings.CutPrefix(string(text), "gitdir:")
		if !ok {
			return nil
		}
		gitDir = resolve(top, strings.Trim(target, " \r\n"))
		linked = filepath.Base(filepath.Dir(gitDir)) == "worktrees"
	}
	common := gitDir
	if text, err := smallfile.Read(filepath.Join(gitDir, "commondir")); err == nil {
		common = resolve(gitDir, strings.Trim(string(text), " \r\n"))
	}
	// What git asks of a directory before it calls it a repository; an empty ".git" is none.
	for _, part := range []string{filepath.Join(gitDir, "HEAD"), filepath.Join(common, "objects"), filepath.Join(common, "refs")} {
		if _, err := os.Lstat(part); err != nil {
			return nil
		}
	}
	others, _ := os.ReadDir(filepath.Join(common, "worktrees")) // git writes there before it makes another work tree's ".git"
	return &repository{top: top, common: common, gitDir: gitDir, linked: linked, shared: len(others) > 0}
}

// isCheckoutOf says whether it is another work tree of the same repository, and so no part of that one's.
func (r *repository) isCheckoutOf(outer *repository) bool {
	if !r.linked || outer.common == "" {
		return false
	}
	a, err := os.Stat(r.common)
	if err != nil {
		return false
	}
	b, err := os.Stat(outer.common)
	return err == nil && os.SameFile(a, b)
}

// checkout is the rule that keeps another checkout out.
func (r *repository) checkout() *rule {
	return &rule{source: &source{file: filepath.Join(r.top, ".git")}, line: 1, text: "gitdir: " + r.gitDir, checkout: r.top}
}

// load reads the configuration, and the rules that stand outside the work tree.
func (r *repository) load() {
	if r.common == "" {
		return
	}
	settings := readConfig(r)
	r.fold = settings.ignoreCase
	r.hashSize = settings.hashSize
	r.configs = settings.files
	r.excludes = []string{filepath.Join(r.common, "info", "exclude")}
	if file := settings.excludesFile; file != "" {
		r.excludes = append(r.excludes, resolve(r.top, file))
	}
	r.rules = make([][]rule, len(r.excludes))
	for i, file := range r.excludes {
		// These may be symbolic links, unlike .gitignore.
		if text, err := smallfile.Read(file); err == nil {
			r.rules[i] = parseRules(&source{file: file, base: slashDir(r.top)}, text, r.fold)
		}
	}
}

// same tells whether another one that was read is this one, with the same rules.
func (r *repository) same(other *repository) bool {
	return other != nil && r.common == other.common && r.gitDir == other.gitDir && r.linked == other.linked && r.shared == other.shared && r.fold == other.fold &&
		r.hashSize == other.hashSize && slices.Equal(r.excludes, other.excludes) && slices.Equal(r.configs, other.configs) &&
		slices.EqualFunc(r.rules, other.rules, sameRules)
}

// resolve makes path absolute against dir.
func resolve(dir, path string) string {
	path = filepath.FromSlash(path)
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// slashDir is dir with slashes, and one at its end.
func slashDir(dir string) string {
	return strings.TrimSuffix(filepath.ToSlash(dir), "/") + "/"
}

package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"devloop/orchestrator/inspect"
	"devloop/schema/lazyregexp"
)

// sourceKinds are the files to which a blank line at the end means nothing, those
// that are most surely compiled or loaded first. Data, lock files, manifests and
// scripts that run on their own are not among them.
var sourceKinds = []string{
	".go", ".rs", ".py", ".rb", ".ts", ".tsx", ".mts", ".js", ".jsx", ".mjs", ".cjs", ".java", ".kt", ".scala", ".cs", ".ex", ".exs", ".php", ".swift", ".zig",
	".c", ".cc", ".cpp", ".h", ".hpp", ".templ", ".vue", ".svelte", ".astro", ".html", ".css", ".md",
}

// entryName is how the file is called in which a server begins.
var entryName = lazyregexp.New(`^(main|app|server|index|lib|views|urls|routes)\.`)

// sideName is how files are called that tests and tools read, and the server does not.
var sideName = lazyregexp.New(`(?i)(^|[._-])(tests?|spec|config|conftest|setup|build|migrations?|mock|stories|d)[._-]|_test\.|Tests?\.`)

// skippedDirs hold what others wrote.
var skippedDirs = []string{"node_modules", "vendor", "target", "dist", "build", "venv", "testdata", "__pycache__", "bin", "obj", "tests", "test", "migrations"}

// source is a file whose save restarts one of the servers, and which; "" if there is
// none.
func (t *trial) source(servers []trialServer) (path string, by trialServer, err error) {
	files, err := sourcesIn(t.project.cfg.Dir)
	if err != nil || len(files) == 0 {
		return "", by, err
	}
	list, err := inspect.Explain(t.project.cfg, t.project.graph, files)
	if err != nil {
		return "", by, err
	}
	for _, s := range servers {
		var builds []string
		for _, n := range buildsOf(t.project.graph, t.project.graph.Index(s.node)) {
			builds = append(builds, t.project.graph.Nodes[n].Name)
		}
		for _, e := range list {
			wakes := slices.ContainsFunc(e.Nodes, func(v inspect.NodeVerdict) bool { return v.Wakes && slices.Contains(builds, v.Node) })
			if wakes && len(e.Trigger) == 0 && appendable(e.Path) {
				return e.Path, s, nil
			}
		}
	}
	return "", by, nil
}

// sourcesIn are the sources below a directory, the most likely to be the server's
// first.
func sourcesIn(dir string) (files []string, err error) {
	const (
		most = 3000
		deep = 6
	)
	depth := func(path string) int {
		rel, _ := filepath.Rel(dir, path) // it is below
		return strings.Count(rel, string(filepath.Separator))
	}
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil && path == dir:
			return err
		case err != nil:
			return nil // what cannot be read is passed over
		case len(files) >= most:
			return fs.SkipAll
		case e.IsDir():
			if path != dir && (strings.HasPrefix(e.Name(), ".") || slices.Contains(skippedDirs, e.Name()) || depth(path) >= deep) {
				return fs.SkipDir
			}
		case e.Type().IsRegular() && slices.Contains(sourceKinds, filepath.Ext(path)) && !strings.HasPrefix(e.Name(), "."):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for a source: %w", err)
	}
	side := func(path string) int {
		switch name := filepath.Base(path); {
		case sideName.MatchString(name):
			return 2
		case entryName.MatchString(strings.ToLower(name)):
			return 0
		}
		return 1
	}
	// Kinds that lie close together in the list are as likely; pages come last.
	kind := func(path string) int {
		if slices.Index(sourceKinds, filepath.Ext(path)) >= slices.Index(sourceKinds, ".templ") {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(files, func(a, b string) int {
		return cmp.Or(kind(a)-kind(b), side(a)/2-side(b)/2, depth(a)-depth(b), side(a)-side(b))
	})
	return files, nil
}

// appendable tells whether a blank line at the end of a file changes nothing that it
// means, and can be written.
func appendable(path string) bool {
	const most = 1 << 20
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil || len(text) == 0 || len(text) > most || !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return false
	}
	head, end := text[:min(len(text), 1024)], bytes.TrimSpace(text)
	made := bytes.Contains(head, []byte("DO NOT EDIT")) || bytes.Contains(head, []byte("@generated"))
	return !made && !bytes.HasSuffix(end, []byte("?>")) && !bytes.HasSuffix(end, []byte(`\`))
}

// appended is a file to which a blank line was appended.
type appended struct {
	path          string
	before, after []byte
}

// appendLine appends a blank line to a file.
func appendLine(path string) (*appended, error) {
	before, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the source to save: %w", err)
	}
	line := "\n"
	if bytes.HasSuffix(before, []byte("\r\n")) {
		line = "\r\n"
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, fmt.Errorf("save a source: %w", err)
	}
	a := &appended{path, before, append(bytes.Clone(before), line...)}
	_, err = f.WriteString(line)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("save a source: %w", err), a.takeBack())
	}
	return a, nil
}

// takeBack makes the file what it was, by cutting off the line. A file that somebody
// else has written meanwhile is left as it is, and told.
func (a *appended) takeBack() error {
	now, err := os.ReadFile(a.path)
	switch {
	case err != nil:
		return fmt.Errorf("take the blank line back: %w", err)
	case bytes.Equal(now, a.before):
		return nil // a formatter did it
	case len(now) > len(a.before) && bytes.HasPrefix(a.after, now): // perhaps half of it was written
	default:
		return fmt.Errorf("%s was changed while it was tried: it is left as it is; there may be a blank line too many", shorter(a.path))
	}
	if err := os.Truncate(a.path, int64(len(a.before))); err != nil {
		return fmt.Errorf("take the blank line back from %s: %w", shorter(a.path), err)
	}
	return nil
}

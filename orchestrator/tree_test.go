package orchestrator_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A pkg is a package of this module with its types, without its tests.
type pkg struct {
	path  string // below the module: "orchestrator/machine"
	types *types.Package
	info  *types.Info
	fset  *token.FileSet
	other []string // names that files for other systems take from other packages
}

// tree type-checks the module's packages, in the order of their imports. What
// they import from elsewhere is read from the build cache, so this takes about
// as long as reading the sources.
var tree = sync.OnceValues(func() ([]*pkg, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,IgnoredGoFiles,Export", "./cmd/...", "./orchestrator/...", "./schema/...")
	list.Dir = ".."
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, &stderr)
	}
	checker := treeImporter{own: map[string]*types.Package{}, export: map[string]string{}}
	fset := token.NewFileSet()
	checker.rest = importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(checker.export[path]) })
	var all []*pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir, Export string
			GoFiles, IgnoredGoFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		path, own := strings.CutPrefix(p.ImportPath, "devloop/")
		if !own {
			checker.export[p.ImportPath] = p.Export
			continue
		}
		got := &pkg{path: path, fset: fset, info: &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}}
		var files []*ast.File
		for _, name := range p.GoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
		}
		for _, name := range p.IgnoredGoFiles {
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					got.other = append(got.other, s.Sel.Name)
				}
				return true
			})
		}
		conf := types.Config{Importer: checker}
		if got.types, err = conf.Check(p.ImportPath, fset, files, got.info); err != nil {
			return nil, err
		}
		checker.own[p.ImportPath] = got.types
		all = append(all, got)
	}
})

// treeImporter takes this module's packages from those already checked, so that
// an object is the same one wherever it is used.
type treeImporter struct {
	own    map[string]*types.Package
	export map[string]string // import path → export data in the build cache
	rest   types.Importer
}

func (i treeImporter) Import(path string) (*types.Package, error) {
	if own := i.own[path]; own != nil {
		return own, nil
	}
	return i.rest.Import(path)
}

func packages(t *testing.T) []*pkg {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the sizes in the tables are those of the files that Linux takes")
	}
	all, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// file is the base name of the file in which pos is.
func (p *pkg) file(pos token.Pos) string { return filepath.Base(p.fset.Position(pos).Filename) }

// where is the place of pos, to be clicked on.
func (p *pkg) where(pos token.Pos) string {
	at := p.fset.Position(pos)
	return fmt.Sprintf("%s/%s:%d", p.path, filepath.Base(at.Filename), at.Line)
}

// named are the package's own types, methods included, sorted by name.
func (p *pkg) named() []*types.Named {
	var all []*types.Named
	for _, name := range p.types.Scope().Names() {
		if obj, ok := p.types.Scope().Lookup(name).(*types.TypeName); ok && !obj.IsAlias() {
			if named, ok := obj.Type().(*types.Named); ok {
				all = append(all, named)
			}
		}
	}
	return all
}

// cycles are the groups of files that use each other's names in a circle, the
// largest first.
func (p *pkg) cycles() [][]string {
	uses := map[string]map[string]bool{}
	for id, obj := range p.info.Uses {
		if obj.Pkg() != p.types {
			continue
		}
		if from, to := p.file(id.Pos()), p.file(obj.Pos()); from != to {
			if uses[from] == nil {
				uses[from] = map[string]bool{}
			}
			uses[from][to] = true
		}
	}
	// Two files are in one cycle when each reaches the other.
	reach := map[string]map[string]bool{}
	for from := range uses {
		seen := map[string]bool{}
		for next := []string{from}; len(next) > 0; {
			file := next[0]
			next = next[1:]
			for to := range uses[file] {
				if !seen[to] {
					seen[to] = true
					next = append(next, to)
				}
			}
		}
		reach[from] = seen
	}
	var all [][]string
	done := map[string]bool{}
	for file := range reach {
		if done[file] || !reach[file][file] {
			continue
		}
		var cycle []string
		for other := range reach[file] {
			if reach[other][file] {
				done[other] = true
				cycle = append(cycle, other)
			}
		}
		slices.Sort(cycle)
		all = append(all, cycle)
	}
	slices.SortFunc(all, func(a, b []string) int { return cmp.Or(len(b)-len(a), strings.Compare(a[0], b[0])) })
	return all
}

// goFiles calls do for each Go file of the module's product code, whatever
// system it is for.
func goFiles(t *testing.T, do func(pkg, path string)) {
	t.Helper()
	const root = ".."
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "examples" || strings.HasPrefix(d.Name(), ".") && path != root) {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		do(filepath.ToSlash(rel), path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

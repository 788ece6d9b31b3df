package reuse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/inputs"
	"devloop/orchestrator/reapi"
	"devloop/schema"
)

// node is one file or link of the outputs, by its path from the stage's directory, with slashes.
type node struct {
	path       string
	digest     reapi.Digest
	link       string
	isLink     bool
	mode       fs.FileMode // its permissions; 0: not told
	executable bool
}

// permissions are those that a file gets back.
func (n *node) permissions() fs.FileMode {
	switch {
	case n.mode != 0:
		return n.mode
	case n.executable:
		return 0o755
	}
	return 0o644
}

// tree is all that outputs are.
type tree struct {
	nodes []node
	dirs  []string // every directory that is an output, or below one
}

// outputs are what a stage makes, and where that is kept.
type outputs struct {
	store *cas.Store
	table *inputs.Table
	dir   string        // the stage's
	made  []schema.Path // what it makes
	names []string      // the same as results have it
	wrote func()        // is called before something is written
}

// capture stores what the stage has made, and adds it to the result. The error says what keeps it from being kept.
func (o *outputs) capture(ctx context.Context, result *reapi.ActionResult) error {
	for i, out := range o.made {
		name := o.names[i]
		info, err := os.Lstat(out.Abs)
		if err != nil {
			return fmt.Errorf("its output %s is not there: %w", out.Text, reasonOf(err))
		}
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			return fmt.Errorf("its output %s is a symbolic link, and what it leads to would not be kept: name that", out.Text)
		case info.IsDir():
			made := map[reapi.Digest]*reapi.Directory{}
			root, err := o.captureDir(ctx, out.Abs, made)
			if err != nil {
				return fmt.Errorf("its output %s cannot be kept: %w", out.Text, err)
			}
			t := &reapi.Tree{Root: root}
			for _, d := range made {
				t.Children = append(t.Children, d)
			}
			digest, err := o.store.Put(strings.NewReader(string(t.Encode())))
			if err != nil {
				return err
			}
			result.Directories = append(result.Directories, reapi.OutputDirectory{Path: name, Tree: digest})
		case info.Mode().IsRegular():
			digest, err := o.store.PutFile(out.Abs)
			if err != nil {
				return fmt.Errorf("its output %s cannot be kept: %w", out.Text, reasonOf(err))
			}
			result.Files = append(result.Files, reapi.OutputFile{Path: name, Digest: digest, Executable: info.Mode()&0o111 != 0, Mode: uint32(info.Mode().Perm())})
		default:
			return fmt.Errorf("its output %s is no file, directory or link", out.Text)
		}
	}
	return nil
}

// captureDir stores a directory's files; made gets the directories below it.
func (o *outputs) captureDir(ctx context.Context, dir string, made map[reapi.Digest]*reapi.Directory) (*reapi.Directory, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, reasonOf(err)
	}
	d := &reapi.Directory{}
	for _, e := range entries {
		at := filepath.Join(dir, e.Name())
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(at)
			if err != nil {
				return nil, err
			}
			d.Symlinks = append(d.Symlinks, reapi.SymlinkNode{Name: e.Name(), Target: target})
		case e.IsDir():
			below, err := o.captureDir(ctx, at, made)
			if err != nil {
				return nil, err
			}
			digest := reapi.DigestOf(below.Encode())
			made[digest] = below
			d.Directories = append(d.Directories, reapi.DirectoryNode{Name: e.Name(), Digest: digest})
		case e.Type().IsRegular():
			info, err := e.Info()
			if err != nil {
				return nil, err
			}
			digest, err := o.store.PutFile(at)
			if err != nil {
				return nil, err
			}
			d.Files = append(d.Files, reapi.FileNode{Name: e.Name(), Digest: digest, Executable: info.Mode()&0o111 != 0, Mode: uint32(info.Mode().Perm())})
		default:
			return nil, fmt.Errorf("%s is no file, directory or link", e.Name())
		}
	}
	return d, nil
}

var (
	errNotWhole = errors.New("a kept result is not whole")
	errChanged  = errors.New("the file has changed")
	errNoStore  = errors.New("there is no store for what it makes")
)

// of reads what a result has, which must be what the stage makes: each output once, and nothing else.
func (o *outputs) of(result *reapi.ActionResult) (*tree, error) {
	t := &tree{}
	want := slices.Clone(o.names)
	take := func(name string) error {
		i := slices.Index(want, name)
		if i < 0 {
			return errNotWhole
		}
		want = slices.Delete(want, i, i+1)
		return nil
	}
	for _, f := range result.Files {
		if err := take(f.Path); err != nil {
			return nil, err
		}
		t.nodes = append(t.nodes, node{path: f.Path, digest: f.Digest, mode: fs.FileMode(f.Mode) & fs.ModePerm, executable: f.Executable})
	}
	for _, l := range result.Symlinks {
		if err := take(l.Path); err != nil {
			return nil, err
		}
		t.nodes = append(t.nodes, node{path: l.Path, link: l.Target, isLink: true})
	}
	for _, d := range result.Directories {
		if err := take(d.Path); err != nil {
			return nil, err
		}
		data, err := o.blob(d.Tree)
		if err != nil {
			return nil, err
		}
		whole, err := reapi.DecodeTree(data)
		if err != nil || whole.Root == nil {
			return nil, errNotWhole
		}
		below := map[reapi.Digest]*reapi.Directory{}
		for _, child := range whole.Children {
			below[reapi.DigestOf(child.Encode())] = child
		}
		if err := t.add(d.Path, whole.Root, below, 0); err != nil {
			return nil, err
		}
	}
	if len(want) > 0 {
		return nil, errNotWhole
	}
	return t, nil
}

const (
	deepest = 1000 // how many directories of outputs may be within each other

	// How many directories and files outputs may have: a small Tree can say that it has more than any disk.
	mostDirs, mostNodes = 1 << 17, 1 << 21
)

func (t *tree) add(at string, d *reapi.Directory, below map[reapi.Digest]*reapi.Directory, depth int) error {
	if depth > deepest || len(t.dirs) > mostDirs || len(t.nodes) > mostNodes {
		return errNotWhole
	}
	t.dirs = append(t.dirs, at)
	for _, f := range d.Files {
		t.nodes = append(t.nodes, node{path: path.Join(at, f.Name), digest: f.Digest, mode: fs.FileMode(f.Mode) & fs.ModePerm, executable: f.Executable})
	}
	for _, l := range d.Symlinks {
		t.nodes = append(t.nodes, node{path: path.Join(at, l.Name), link: l.Target, isLink: true})
	}
	for _, sub := range d.Directories {
		child := below[sub.Digest]
		if child == nil {
			return errNotWhole
		}
		if err := t.add(path.Join(at, sub.Name), child, below, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// restore makes the outputs what the tree says, and touches nothing that is so already. All blobs are in the store.
func (o *outputs) restore(ctx context.Context, t *tree) error {
	abs := func(name string) string { return filepath.Join(o.dir, filepath.FromSlash(name)) }
	there, err := o.present(ctx, t, abs)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, dir := range t.dirs {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := abs(dir)
		wanted[at] = true
		if info, err := os.Lstat(at); err == nil && !info.IsDir() {
			if err := os.Remove(at); err != nil {
				return err
			}
		}
		if info, err := os.Stat(at); err == nil && info.IsDir() {
			continue
		}
		o.wrote()
		if err := os.MkdirAll(at, 0o777); err != nil {
			return err
		}
	}
	for i := range t.nodes {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := &t.nodes[i]
		at := abs(n.path)
		wanted[at] = true
		info, err := os.Lstat(at)
		if err == nil && info.IsDir() {
			if err := os.RemoveAll(at); err != nil {
				return err
			}
		}
		switch {
		case n.isLink:
			if target, err := os.Readlink(at); err == nil && target == n.link {
				continue
			}
			o.wrote()
			if err := replaceLink(n.link, at); err != nil {
				return err
			}
		case err == nil && info.Mode().IsRegular() && there[at] == n.digest && info.Mode().Perm() == n.permissions():
		default:
			o.wrote()
			if err := o.store.Restore(n.digest, at, n.permissions()); err != nil {
				return err
			}
		}
	}
	return o.removeOthers(ctx, t, abs, wanted)
}

// present are the digests of the files that are there.
func (o *outputs) present(ctx context.Context, t *tree, abs func(string) string) (map[string]reapi.Digest, error) {
	var files iter.Seq2[string, error] = func(yield func(string, error) bool) {
		for i := range t.nodes {
			at := abs(t.nodes[i].path)
			if info, err := os.Lstat(at); err == nil && info.Mode().IsRegular() && !yield(at, nil) {
				return
			}
		}
	}
	s, err := o.table.Take(ctx, o.dir, files)
	if err != nil {
		return map[string]reapi.Digest{}, ctx.Err() // one that cannot be read is put back
	}
	there := map[string]reapi.Digest{}
	for _, f := range s.Files {
		there[abs(f.Path)] = f.Digest
	}
	return there, nil
}

// replaceLink makes a symbolic link in place of what is there.
func replaceLink(target, at string) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o777); err != nil {
		return err
	}
	beside := filepath.Join(filepath.Dir(at), fmt.Sprintf(".devloop-%d~", os.Getpid()))
	_ = os.Remove(beside) // of a run that was killed
	if err := os.Symlink(target, beside); err != nil {
		return err
	}
	if err := os.Rename(beside, at); err != nil {
		return errors.Join(err, os.Remove(beside))
	}
	return nil
}

// removeOthers removes what is in an output directory and does not belong there.
func (o *outputs) removeOthers(ctx context.Context, t *tree, abs func(string) string, wanted map[string]bool) error {
	for _, dir := range t.dirs {
		entries, err := os.ReadDir(abs(dir))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if at := filepath.Join(abs(dir), e.Name()); !wanted[at] {
				o.wrote()
				if err := os.RemoveAll(at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// reasonOf is the system's error without the name of the call and the path.
func reasonOf(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// tableFile is where what is known of a project's files is kept.
func tableFile(dir, root string) string {
	return filepath.Join(filepath.Dir(dir), "files", reapi.DigestOf([]byte(root)).Hex()[:32])
}

// blob is the content of a small blob of the store.
func (o *outputs) blob(d reapi.Digest) ([]byte, error) {
	const largest = 64 << 20 // of a Tree
	if d.Size > largest {
		return nil, errNotWhole
	}
	r, err := o.store.Open(d)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	if closed := r.Close(); err == nil {
		err = closed
	}
	return data, err
}

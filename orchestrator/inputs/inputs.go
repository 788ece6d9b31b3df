// Package inputs takes snapshots of the files that a stage reads: which there are, and what each holds, by SHA-256. A table of
// what was read before, which outlives the process, spares nearly all reading, as git's index does.
//
// A file that may have been written to in the same moment in which it was read is not believed to be the same later because
// the system says the same of it: it is read again.
package inputs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/plainfile"
	"devloop/orchestrator/reapi"
)

// File is one file of a snapshot.
type File struct {
	Path       string // relative to the snapshot's directory, with slashes; it may begin with "../"
	Executable bool
	Link       string // where a symbolic link points to that does not lead to a file; Digest is zero then
	Digest     reapi.Digest

	is    identity
	age   age
	until int64 // in nanoseconds since 1970: before, who writes to a fresh file may go unnoticed
}

// Snapshot is what files held at a moment.
type Snapshot struct {
	Files []File // sorted by Path

	root    string
	settles int64 // in nanoseconds since 1970: from then on, whoever writes to a file is noticed
}

// Take looks at the files that list names, in any order, relative to root. A file that is not there any more is left out, and
// so is what is no file. Any error in list ends it, and so does a file that cannot be read: it is named in err. It returns
// when ctx ends, even while a file system does not respond.
func (t *Table) Take(ctx context.Context, root string, list iter.Seq2[string, error]) (*Snapshot, error) {
	t.newDevices()
	s := &Snapshot{root: root}
	files, err := each(ctx, list, func(path string) (File, bool, error) {
		f, ok, err := t.look(ctx, path)
		if ok && err == nil {
			f.Path, err = s.relative(path)
		}
		return f, ok, err
	})
	if err != nil {
		return nil, err
	}
	s.Files = files
	for i := range files {
		s.settles = max(s.settles, files[i].until)
	}
	s.settles = min(s.settles, t.clock().Add(longestStep).UnixNano()) // the clock may have jumped
	return s, nil
}

// Settled is how long to wait before whatever reads the files begins, so that Unchanged notices all that happens from then
// on. It is at most 10 ms, and 0 if no file has just been written.
func (s *Snapshot) Settled() time.Duration {
	return min(max(0, time.Duration(s.settles-time.Now().UnixNano())), longestStep)
}

// Unchanged looks whether the files that list names now are those of the snapshot, and none has been written to since, even
// if it holds the same again. It returns the paths, as in Files, of those that differ: none if all is as it was. err is as
// that of Take.
func (t *Table) Unchanged(ctx context.Context, s *Snapshot, list iter.Seq2[string, error]) (changed []string, err error) {
	files, err := each(ctx, list, func(path string) (File, bool, error) {
		rel, err := s.relative(path)
		if err != nil {
			return File{}, false, err
		}
		i, known := slices.BinarySearchFunc(s.Files, rel, func(f File, path string) int { return cmp.Compare(f.Path, path) })
		if !known {
			f, ok, err := t.identify(path)
			f.Path = rel
			return f, ok, err
		}
		was := s.Files[i]
		is, err := t.same(ctx, path, &was)
		if !is {
			was.is = identity{}
		}
		return was, true, err
	})
	if err != nil {
		return nil, err
	}
	i := 0
	for _, f := range files {
		for i < len(s.Files) && s.Files[i].Path < f.Path { // it is gone
			changed = append(changed, s.Files[i].Path)
			i++
		}
		if i == len(s.Files) || s.Files[i].Path != f.Path || s.Files[i].is != f.is {
			changed = append(changed, f.Path)
		}
		if i < len(s.Files) && s.Files[i].Path == f.Path {
			i++
		}
	}
	for ; i < len(s.Files); i++ {
		changed = append(changed, s.Files[i].Path)
	}
	return changed, nil
}

// same is whether nobody has written to a file since it was looked at.
func (t *Table) same(ctx context.Context, path string, was *File) (bool, error) {
	now, ok, err := t.identify(path)
	if err != nil || !ok || now.is != was.is || was.age == coarse {
		return false, err
	}
	if was.age == settled || was.Link != "" {
		return true, nil
	}
	again, ok, err := t.read(ctx, path)
	return ok && again.is == was.is && again.Digest == was.Digest, err
}

func (s *Snapshot) relative(path string) (string, error) {
	if rest, below := strings.CutPrefix(path, s.root); below && rest != "" && os.IsPathSeparator(rest[0]) {
		return filepath.ToSlash(rest[1:]), nil
	}
	rel, err := filepath.Rel(s.root, path)
	return filepath.ToSlash(rel), err
}

// each calls do for every path, some at once, and returns the files for which it said so, sorted by their paths, each once.
// The first error ends it, or ctx: then do may still be called after it has returned.
func each(ctx context.Context, list iter.Seq2[string, error], do func(path string) (File, bool, error)) ([]File, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work, done := make(chan *batch, 64), make(chan struct{})
	workers := max(2, runtime.GOMAXPROCS(0))
	for range workers {
		go func() {
			defer func() { done <- struct{}{} }()
			for b := range work {
				for i := 0; i < b.paths && ctx.Err() == nil; i++ {
					f, ok, err := do(b.path[i])
					if err != nil {
						cancel(err)
					}
					if ok {
						b.file[b.files] = f
						b.files++
					}
				}
			}
		}()
	}
	finished := make(chan struct{})
	var files []File
	go func() {
		defer close(finished)
		var all []*batch
		for path, err := range list {
			if err != nil {
				cancel(err)
			}
			if ctx.Err() != nil {
				break
			}
			if len(all) == 0 || all[len(all)-1].paths == batchSize {
				if len(all) > 0 {
					work <- all[len(all)-1]
				}
				all = append(all, &batch{})
			}
			b := all[len(all)-1]
			b.path[b.paths] = path
			b.paths++
		}
		if len(all) > 0 {
			work <- all[len(all)-1]
		}
		close(work)
		for range workers {
			<-done
		}
		files = sorted(all)
	}()
	select {
	case <-finished:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return files, nil
}

// batch is what one goroutine looks at without a word with others.
type batch struct {
	paths, files int
	path         [batchSize]string
	file         [batchSize]File
}

const batchSize = 64

// sorted are the files of all batches, by their paths, each once.
func sorted(all []*batch) []File {
	sum := 0
	for _, b := range all {
		sum += b.files
	}
	files := make([]File, 0, sum)
	for _, b := range all {
		files = append(files, b.file[:b.files]...)
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path })
}

// look is what a file holds now; false if there is none.
func (t *Table) look(ctx context.Context, path string) (File, bool, error) {
	f, at, err := t.ask(path)
	if err != nil || f.Link != "" || at.Kind != plainfile.Regular {
		return f, f.Link != "", err
	}
	if sum, known := t.Known(at); known {
		f.Digest = reapi.Digest{Hash: sum, Size: at.Size}
		return f, true, nil
	}
	return t.read(ctx, path)
}

// identify is look without what the file holds.
func (t *Table) identify(path string) (File, bool, error) {
	f, at, err := t.ask(path)
	return f, err == nil && (f.Link != "" || at.Kind == plainfile.Regular), err
}

// ask asks the system about a file, and about what a symbolic link leads to. If that is no file, the link stands for itself.
func (t *Table) ask(path string) (f File, at plainfile.Stat, err error) {
	at, err = plainfile.Lstat(path)
	if err != nil {
		return f, plainfile.Stat{}, gone(path, err)
	}
	if at.Kind == plainfile.Regular && !t.isLocal(path, at.Dev) {
		if at, err = opened(path); err != nil {
			return f, plainfile.Stat{}, gone(path, err)
		}
	}
	if at.Kind != plainfile.Link {
		f.Executable, f.is = at.Executable, identify(at)
		return f, at, nil
	}
	link := at
	at, err = plainfile.Follow(path)
	if err == nil && at.Kind == plainfile.Regular && !t.isLocal(path, at.Dev) {
		at, err = opened(path)
	}
	if err == nil && at.Kind == plainfile.Regular {
		f.Executable, f.is = at.Executable, identify(link, at)
		return f, at, nil
	}
	if err != nil && !leadsNowhere(err) {
		return f, at, gone(path, err)
	}
	f.Link, err = os.Readlink(path)
	f.is = identify(link)
	return f, link, gone(path, err)
}

// opened asks about a file that is open: of a file system that others write to, too, the system says what it remembers else.
func opened(path string) (plainfile.Stat, error) {
	f, err := plainfile.Open(path)
	if err != nil {
		return plainfile.Stat{}, err
	}
	defer f.Close()
	return f.Stat()
}

// gone is err with the path, or nil if the file is not there any more.
func gone(path string, err error) error {
	var already *fs.PathError
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), notADirectory(err):
		return nil
	case errors.As(err, &already):
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

package inputs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devloop/orchestrator/contents"
	"devloop/orchestrator/plainfile"
	"devloop/orchestrator/reapi"
	"devloop/orchestrator/test/testenv"
)

func write(t testing.TB, path, text string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, []byte(text), 0o644))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// project is a directory, and a table whose clock is a minute ahead: whatever is written now was written long ago.
type project struct {
	*testing.T
	dir   string
	table *Table
	asked atomic.Int64 // how often the table has asked for the time: once for a file that it knows, more for others
}

func newProject(t *testing.T, files ...string) *project {
	t.Helper()
	if (plainfile.Stat{}) == statOf(t, t.TempDir()) {
		t.Skip("the system does not say when a file was changed")
	}
	p := &project{T: t, dir: t.TempDir(), table: NewTable()}
	p.table.clock = func() time.Time {
		p.asked.Add(1)
		return time.Now().Add(time.Minute)
	}
	for _, name := range files {
		p.write(name, "this is "+name)
	}
	return p
}

func statOf(t *testing.T, path string) plainfile.Stat {
	t.Helper()
	at, err := plainfile.Lstat(path)
	check(t, err)
	if at.Changed == 0 {
		return plainfile.Stat{}
	}
	return at
}

func (p *project) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

func (p *project) write(name, text string) {
	p.Helper()
	write(p, p.path(name), text)
}

// list names files of the project, or all of them.
func (p *project) list(names ...string) iter.Seq2[string, error] {
	if len(names) == 0 {
		return func(yield func(string, error) bool) { walk(p.dir, yield) }
	}
	return func(yield func(string, error) bool) {
		for _, name := range names {
			if !yield(p.path(name), nil) {
				return
			}
		}
	}
}

// take takes a snapshot. What is written later has another time.
func (p *project) take(names ...string) *Snapshot {
	p.Helper()
	s, err := p.table.Take(context.Background(), p.dir, p.list(names...))
	check(p, err)
	<-time.After(longestStep)
	return s
}

func (p *project) changed(s *Snapshot, want ...string) {
	p.Helper()
	changed, err := p.table.Unchanged(context.Background(), s, p.list())
	check(p, err)
	if !slices.Equal(changed, want) {
		p.Errorf("changed: %q, want %q", changed, want)
	}
}

// holds tells that the file of a snapshot holds the text.
func (p *project) holds(s *Snapshot, name, text string) {
	p.Helper()
	i := slices.IndexFunc(s.Files, func(f File) bool { return f.Path == name })
	if i < 0 || s.Files[i].Digest != reapi.DigestOf([]byte(text)) {
		p.Errorf("%s does not hold %q: %v", name, text, s.Files)
	}
}

func root(s *Snapshot) reapi.Digest {
	digest, _ := s.Root()
	return digest
}

func TestWhatChanges(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a", "sub/b", "sub/c")
	s := p.take("sub/c", "a", "sub/b", "a", "gone", "sub")
	if len(s.Files) != 3 || s.Files[0].Path != "a" || s.Files[2].Path != "sub/c" {
		t.Fatalf("%v", s.Files)
	}
	p.holds(s, "sub/b", "this is sub/b")
	p.changed(s)
	p.write("a", "something else")
	p.write("gone", "it is here")
	check(t, os.Remove(p.path("sub/c")))
	p.changed(s, "a", "gone", "sub/c")
	if root(p.take()) == root(s) {
		t.Error("the same tree")
	}
}

// TestThereAndBack: a file that holds what it held has held something else meanwhile.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(p *project){
		"written twice":                func(p *project) { p.write("a", "B"); p.write("a", "A") },
		"the same bytes":               func(p *project) { p.write("a", "A") },
		"renamed away, and another":    func(p *project) { p.write("b", "A"); check(p, os.Rename(p.path("b"), p.path("a"))) },
		"executable, and not any more": func(p *project) { check(p, os.Chmod(p.path("a"), 0o755)); check(p, os.Chmod(p.path("a"), 0o644)) },
	} {
		for _, age := range []time.Duration{0, time.Minute} {
			p := newProject(t)
			p.table.clock = func() time.Time { return time.Now().Add(age) }
			p.write("a", "A")
			at := statOf(t, p.path("a"))
			s := p.take()
			change(p)
			check(t, os.Chtimes(p.path("a"), time.Time{}, time.Unix(0, at.Modified)))
			changed, err := p.table.Unchanged(context.Background(), s, p.list())
			check(t, err)
			if !slices.Equal(changed, []string{"a"}) {
				t.Errorf("%s, %v old: changed: %q", what, age, changed)
			}
			if root(p.take()) != root(s) {
				t.Errorf("%s: another key", what)
			}
		}
	}
}

// TestKeptTime: another content of the same size that has the same time, as `cp -p`, `rsync -t` and `touch -d` make it.
func TestKeptTime(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a", "b", "c")
	s := p.take()
	at := time.Unix(0, statOf(t, p.path("a")).Modified)
	p.write("a", "THIS IS a")
	p.write("new", "THIS IS b")
	check(t, os.Rename(p.path("new"), p.path("b")))
	for _, name := range []string{"a", "b", "c"} {
		check(t, os.Chtimes(p.path(name), time.Time{}, at))
	}
	p.changed(s, "a", "b", "c")
	after := p.take()
	p.holds(after, "a", "THIS IS a")
	p.holds(after, "b", "THIS IS b")
	p.holds(after, "c", "this is c")
}

// TestYoung: a file that was written right now may be written again with the same time, and is not believed.
func TestYoung(t *testing.T) {
	t.Parallel()
	second := int64(time.Second)
	const now = 1_000_000_000_123_456_789
	for _, test := range []struct {
		what    string
		changed int64
		local   bool
		want    age
	}{
		{"long ago", now - 10*second, true, settled},
		{"at once", now, true, fresh},
		{"in the future", now + 3600*second, true, fresh},
		{"within a step of the clock", now - 5e6, true, fresh},
		{"a moment ago", now - 100e6, true, young},
		{"a second ago", now - second, true, settled},
		{"a second ago, elsewhere", now - second, false, fresh},
		{"long ago, elsewhere", now - 10*second, false, settled},
		{"in whole seconds", now/second*second - second, true, coarse},
		{"in whole seconds, long ago", now/second*second - 10*second, true, settled},
		{"not known", 0, true, young},
	} {
		table := NewTable()
		table.local[1] = test.local
		at := plainfile.Stat{Kind: plainfile.Regular, Dev: 1, Ino: 1, Changed: test.changed}
		if got := table.ageOf(at, time.Unix(0, now)); got != test.want {
			t.Errorf("%s: %d, want %d", test.what, got, test.want)
		}
		table.Note(at, time.Unix(0, now), [32]byte{1})
		if _, known := table.Known(at); known != (test.want == settled) {
			t.Errorf("%s: known: %v", test.what, known)
		}
	}
}

// TestSameTime: nobody can see by its times that a young file was written again, so it is read.
func TestSameTime(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a")
	p.table.clock = time.Now
	at := statOf(t, p.path("a"))
	s := p.take()
	if s.Files[0].age == settled {
		t.Skip("the machine stood still")
	}
	if wait := s.Settled(); wait < 0 || wait > longestStep {
		t.Errorf("%v until it is settled", wait)
	}
	s.Files[0].Digest = reapi.DigestOf([]byte("what it held with the same time"))
	p.changed(s, "a")
	if _, known := p.table.Known(at); known {
		t.Error("what was just written is believed")
	}
	coarsely := p.take()
	coarsely.Files[0].age = coarse
	p.changed(coarsely, "a")
}

func TestClockJumps(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a")
	for i, ahead := range []time.Duration{time.Minute, -time.Hour, time.Hour, 0, -24 * time.Hour, time.Minute} {
		p.table.clock = func() time.Time { return time.Now().Add(ahead) }
		text := fmt.Sprint("text ", i)
		p.write("a", text)
		s := p.take()
		p.holds(s, "a", text)
		if wait := s.Settled(); wait < 0 || wait > longestStep {
			t.Errorf("%v until it is settled", wait)
		}
		p.changed(s)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	p := newProject(t, "file", "other", "dir/inner")
	links := map[string]string{"to-file": "file", "nowhere": "not/there", "loop": "pool", "pool": "loop", "to-dir": "dir", "through-file": "file/x"}
	for name, target := range links {
		if err := os.Symlink(target, p.path(name)); err != nil {
			t.Skip(err)
		}
	}
	check(t, os.Link(p.path("file"), p.path("hard")))
	s := p.take()
	p.holds(s, "to-file", "this is file")
	p.holds(s, "hard", "this is file")
	for _, f := range s.Files {
		if target := links[f.Path]; f.Path != "to-file" && f.Link != target {
			t.Errorf("%s: a link to %q, want %q", f.Path, f.Link, target)
		}
	}
	p.changed(s)
	retarget := func(name, target string) {
		check(t, os.Remove(p.path(name)))
		check(t, os.Symlink(target, p.path(name)))
	}
	retarget("to-file", "other")
	retarget("nowhere", "not/here")
	p.changed(s, "nowhere", "to-file")
	retarget("to-file", "file")
	p.changed(s, "nowhere", "to-file") // it was another one meanwhile
	s = p.take()
	p.write("hard", "one file with two names")
	p.changed(s, "file", "hard", "to-file")
	before := root(p.take())
	retarget("nowhere", "not/anywhere")
	if root(p.take()) == before {
		t.Error("where a link points to does not count")
	}
}

func TestExecutable(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("no file has such a bit")
	}
	p := newProject(t, "script")
	s := p.take()
	check(t, os.Chmod(p.path("script"), 0o755))
	p.changed(s, "script")
	after := p.take()
	if !after.Files[0].Executable || root(after) == root(s) {
		t.Error("that it is executable does not count")
	}
	check(t, os.Chmod(p.path("script"), 0o644))
	if root(p.take()) != root(s) {
		t.Error("another key for the same")
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a")
	wrong := errors.New("sub: cannot be read")
	if _, err := p.table.Take(context.Background(), p.dir, func(yield func(string, error) bool) {
		_ = yield(p.path("a"), nil) && yield("", wrong)
	}); !errors.Is(err, wrong) {
		t.Errorf("%v", err)
	}
	unreadable := p.path("a")
	check(t, os.Chmod(unreadable, 0))
	switch {
	case runtime.GOOS == "windows":
		return
	case os.Getuid() == 0 && runtime.GOOS != "linux":
		return
	case os.Getuid() == 0:
		unreadable = "/proc/self/mem"
	}
	_, err := p.table.Take(context.Background(), p.dir, func(yield func(string, error) bool) { yield(unreadable, nil) })
	if err == nil || !strings.Contains(err.Error(), unreadable) {
		t.Errorf("%v", err)
	}
}

// TestChangesWhileRead: the clock is asked after the system was, and before the file is opened.
func TestChangesWhileRead(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a")
	n, times := 0, 2
	p.table.clock = func() time.Time {
		if n < times {
			n++
			p.write("a", strings.Repeat("longer ", n))
		}
		return time.Now().Add(time.Minute)
	}
	f, ok, err := p.table.read(context.Background(), p.path("a"))
	if err != nil || !ok || f.Digest != reapi.DigestOf([]byte("longer longer ")) {
		t.Errorf("%v %v %v", f, ok, err)
	}
	times = 100
	if _, _, err := p.table.read(context.Background(), p.path("a")); err == nil || err.Error() != p.path("a")+" changes all the time" {
		t.Errorf("%v", err)
	}
	p.table.clock = func() time.Time {
		_ = os.Remove(p.path("a"))
		return time.Now()
	}
	if _, ok, err := p.table.read(context.Background(), p.path("a")); ok || err != nil {
		t.Errorf("it is gone: %v %v", ok, err)
	}
}

// TestHangs: a file system that does not respond keeps nobody once the context has ended.
func TestHangs(t *testing.T) {
	t.Parallel()
	p := newProject(t, "a")
	hung, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-hung
		cancel()
	}()
	_, err := p.table.Take(ctx, p.dir, func(yield func(string, error) bool) {
		close(hung)
		<-release
		yield(p.path("a"), nil)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	names := []string{"A", "a b", "a-b/c", "a.b", "a/b", "a/c/d", "ä", "new\nline", "x\\y"}
	if runtime.GOOS == "linux" {
		names = append(names, "a", "a", "\xff\xfe", "caf\xe9") // no file system of others has them
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "a" }) // it is a directory
	seen := map[reapi.Digest]string{}
	for _, name := range names {
		p.write(name, "the same for all")
		s := p.take()
		if other := seen[root(s)]; other != "" {
			t.Errorf("the same tree with %q and without", name)
		}
		seen[root(s)] = name
		p.changed(s)
		if runtime.GOOS == "linux" && !slices.ContainsFunc(s.Files, func(f File) bool { return f.Path == name }) {
			t.Errorf("no %q", name)
		}
	}
}

// TestRoot: the tree is that of the files, whichever they are.
func TestRoot(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	names := []string{"a", "b", "a-b", "a.b", "ab", "A"}
	for range 200 {
		all := map[string]File{}
		for range random.IntN(20) {
			path := names[random.IntN(len(names))]
			for range random.IntN(4) {
				path = "d" + names[random.IntN(len(names))] + "/" + path
			}
			f := File{Path: path, Executable: random.IntN(2) == 0, Digest: reapi.DigestOf([]byte{byte(random.IntN(3))})}
			if random.IntN(5) == 0 {
				f = File{Path: path, Link: "somewhere"}
			}
			all[path] = f
		}
		s := &Snapshot{}
		for _, f := range all {
			s.Files = append(s.Files, f)
		}
		slices.SortFunc(s.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
		top, directories := s.Root()
		found := flatten(t, directories, top, "")
		if len(found) != len(all) {
			t.Fatalf("%d files of %d", len(found), len(all))
		}
		for path, f := range found {
			if f != all[path] {
				t.Fatalf("%v, want %v", f, all[path])
			}
		}
	}
	outside := &Snapshot{Files: []File{{Path: "../lib/x", Digest: reapi.DigestOf(nil)}, {Path: "x", Digest: reapi.DigestOf(nil)}}}
	inside := &Snapshot{Files: []File{{Path: "lib/x", Digest: reapi.DigestOf(nil)}, {Path: "x", Digest: reapi.DigestOf(nil)}}}
	if root(outside) == root(inside) || root(outside) == (reapi.Digest{}) {
		t.Error("where a file lies does not count")
	}
}

func flatten(t *testing.T, directories map[reapi.Digest][]byte, at reapi.Digest, prefix string) map[string]File {
	data, there := directories[at]
	whole, err := reapi.DecodeTree(append(binary.AppendUvarint([]byte{1<<3 | 2}, uint64(len(data))), data...)) // a Tree of one directory
	if err != nil || !there {
		t.Fatal(there, err)
	}
	dir := whole.Root
	all := map[string]File{}
	for _, f := range dir.Files {
		all[prefix+f.Name] = File{Path: prefix + f.Name, Executable: f.Executable, Digest: f.Digest}
	}
	for _, l := range dir.Symlinks {
		all[prefix+l.Name] = File{Path: prefix + l.Name, Link: l.Target}
	}
	for _, sub := range dir.Directories {
		for path, f := range flatten(t, directories, sub.Digest, prefix+sub.Name+"/") {
			all[path] = f
		}
	}
	return all
}

// baseline stands between a table and who reads files for a baseline: it counts, and what is read was written long ago.
type baseline struct {
	*Table
	read int
}

func (b *baseline) Note(at plainfile.Stat, began time.Time, sum [32]byte) {
	b.read++
	b.Table.Note(at, began.Add(time.Minute), sum)
}

// TestNotReadTwice: what was read for the baseline is not read again for the key of a stage, nor the other way round, nor
// after another start.
func TestNotReadTwice(t *testing.T) {
	t.Parallel()
	p := newProject(t)
	files := testenv.Either(500, 10_000)
	all := bigTree(t, p.dir, files)
	learn := func(table *Table) (read int) {
		b := &baseline{Table: table}
		store := contents.New()
		store.Keep(b)
		store.Forget()
		lesson := store.Lesson()
		for path := range all {
			lesson.Learn(path)
		}
		lesson.Rely()
		if !lesson.End() {
			t.Fatal("the lesson did not count")
		}
		for path := range all {
			if store.Look(path).Changed {
				t.Fatalf("%s has changed", path)
			}
			break
		}
		return b.read
	}
	take := func(table *Table) (read int) {
		asked := p.asked.Load()
		s, err := table.Take(context.Background(), p.dir, all)
		if check(t, err); len(s.Files) != files {
			t.Errorf("%d files", len(s.Files))
		}
		changed, err := table.Unchanged(context.Background(), s, all)
		if check(t, err); changed != nil {
			t.Errorf("changed: %v", changed)
		}
		const alone = 1 // for all that are known
		return int(p.asked.Load()-asked) - files - alone
	}
	if read := learn(p.table); read != files {
		t.Errorf("%d files were read for the baseline", read)
	}
	if read := take(p.table); read != 0 {
		t.Errorf("%d files were read for the key after the baseline", read)
	}
	if read := learn(p.table); read != 0 {
		t.Errorf("%d files were read for another baseline", read)
	}
	check(t, p.table.Save(p.path("cache/table")))
	later := NewTable()
	later.clock = p.table.clock
	check(t, later.Load(p.path("cache/table")))
	if read := take(later); read != 0 {
		t.Errorf("%d files were read for the key after another start", read)
	}
	if read := learn(later); read != 0 {
		t.Errorf("%d files were read for the baseline after another start", read)
	}
}

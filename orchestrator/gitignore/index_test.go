package gitignore

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTrackedIsNotIgnored compares with what git itself says of files that rules match, in every form that an index has.
func TestTrackedIsNotIgnored(t *testing.T) {
	needGit(t)
	for _, form := range []struct {
		name string
		init []string
		then [][]string
	}{
		{"version 2", nil, [][]string{{"update-index", "--index-version", "2"}}},
		{"version 3", nil, [][]string{{"update-index", "--index-version", "3"}, {"add", "-N", "-f", "out/meant.o"}}},
		{"version 4", nil, [][]string{{"update-index", "--index-version", "4"}}},
		{"split", nil, [][]string{{"update-index", "--split-index"}, {"add", "-f", "out/later.o"}}},
		{"sha256", []string{"--object-format=sha256"}, nil},
	} {
		t.Run(form.name, func(t *testing.T) {
			isolate(t)
			top, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			git(t, top, append([]string{"init", "-q"}, form.init...)...)
			write(t, filepath.Join(top, ".gitignore"), "out/\n*.o\n/deep/er/\n")
			var names, forced []string
			for i, dir := range []string{"", "src/", "out/", "out/sub/", "deep/er/", "deep/er/and/er/", "out2/", strings.Repeat("long/", 40)} {
				for j, name := range []string{"a.c", "a.o", "b.o", "ü\x01x.o"} {
					names = append(names, dir+name)
					write(t, filepath.Join(top, dir, name), "")
					if (i+j)%3 == 0 {
						forced = append(forced, dir+name)
					}
				}
			}
			for _, name := range []string{"out/meant.o", "out/later.o", "out/never/x"} {
				names = append(names, name)
				write(t, filepath.Join(top, name), "")
			}
			git(t, top, append([]string{"add", "-f", "--"}, forced...)...)
			for _, args := range form.then {
				git(t, top, args...)
			}
			listed := map[string]bool{}
			for _, name := range strings.Split(git(t, top, "ls-files", "-z"), "\x00") {
				listed[name] = true
			}
			ignored := map[string]bool{}
			for _, name := range strings.Split(git(t, top, "ls-files", "-z", "-o", "-i", "--exclude-standard"), "\x00") {
				ignored[name] = true
			}
			m := New(top)
			for _, name := range names {
				path := filepath.Join(top, filepath.FromSlash(name))
				if got := m.Ignored(path, false); got != ignored[name] {
					t.Errorf("%q is ignored: %v, git says %v (tracked: %v)", name, got, ignored[name], listed[name])
				}
				if listed[name] { // all that is above it is let in
					for dir := filepath.Dir(path); dir != top; dir = filepath.Dir(dir) {
						if m.Ignored(dir, true) {
							t.Errorf("%s is ignored, but %q in it is tracked", dir, name)
						}
					}
				}
			}
			if never := filepath.Join(top, "out/never"); !m.Ignored(never, true) {
				t.Errorf("%s is not ignored, though nothing in it is tracked", never)
			}
		})
	}
}

func TestAnIndexThatChanges(t *testing.T) {
	needGit(t)
	isolate(t)
	top, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	git(t, top, "init", "-q")
	write(t, filepath.Join(top, ".gitignore"), "vendor/\n")
	write(t, filepath.Join(top, "vendor/lib.go"), "")
	write(t, filepath.Join(top, "src/a.go"), "")
	git(t, top, "add", ".")
	m := New(top)
	lib := filepath.Join(top, "vendor", "lib.go")
	if m.IndexFile() != filepath.Join(top, ".git", "index") {
		t.Error(m.IndexFile())
	}
	if !m.Ignored(lib, false) || m.ReadIndex() {
		t.Error("vendor/lib.go is not tracked yet")
	}
	write(t, filepath.Join(top, "src/b.go"), "")
	git(t, top, "add", "src/b.go")
	if m.ReadIndex() {
		t.Error("a file that is not ignored has come: that is no news")
	}
	git(t, top, "add", "-f", "vendor/lib.go")
	if !m.ReadIndex() || m.Ignored(lib, false) || m.ReadIndex() {
		t.Error("vendor/lib.go is tracked now, which is news once")
	}
	if r, ignored := m.Explain(lib, false); ignored || !r.Tracked || r.Line != 1 {
		t.Errorf("%+v", r)
	}
	git(t, top, "rm", "-q", "--cached", "vendor/lib.go")
	if m.ReadIndex() || !m.Ignored(lib, false) {
		t.Error("vendor/lib.go is not tracked any more")
	}
	if err := os.WriteFile(m.IndexFile(), []byte("DIRC what is this"), 0o666); err != nil {
		t.Fatal(err)
	}
	if m.ReadIndex() || !m.Ignored(lib, false) {
		t.Error("an index that cannot be read changes nothing")
	}
}

func FuzzParseIndex(f *testing.F) {
	f.Add([]byte("DIRC\x00\x00\x00\x02\x00\x00\x00\x01" + strings.Repeat("\x00", 60) + "\x00\x03a/b\x00\x00\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 20)))
	f.Add([]byte("DIRC\x00\x00\x00\x04\x00\x00\x00\x02" + strings.Repeat("\x00", 62) + "\x00a/b\x00" + strings.Repeat("\x00", 62) + "\x01c\x00" + strings.Repeat("\x00", 20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		total := 0
		_, _ = parseIndex(data, 20, func(name []byte) { total += len(name) })
		if total > len(data)*len(data) {
			t.Errorf("%d bytes of names from %d", total, len(data))
		}
	})
}

func BenchmarkReadIndex(b *testing.B) {
	needGit(b)
	isolate(b)
	top := b.TempDir()
	git(b, top, "init", "-q")
	var info strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&info, "100644 %040x\tpackages/p%03d/src/module%d/file%d.ts\n", 1, i/1000, i/10, i)
	}
	cmd := gitCommand(top, "update-index", "--index-info")
	cmd.Stdin = strings.NewReader(info.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	r := New(top).top.repo
	for b.Loop() {
		digests, err := r.readIndex(nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(8*len(digests))/(1<<20), "MiB")
	}
}

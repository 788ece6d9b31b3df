package linefile

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

func appended(t *testing.T, path string, most int, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if err := Append(path, []byte(line), most); err != nil {
			t.Fatal(err)
		}
	}
}

func has(t *testing.T, path string, want ...string) {
	t.Helper()
	lines, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(bytes.Join(lines, []byte(" "))); got != strings.Join(want, " ") {
		t.Errorf("it has %q, want %q", got, want)
	}
}

func TestBound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "lines")
	has(t, path)
	appended(t, path, 5, "1", "2", "3", "4", "5")
	has(t, path, "1", "2", "3", "4", "5")
	appended(t, path, 5, "6")
	has(t, path, "3", "4", "5", "6")
	appended(t, path, 1, "7")
	has(t, path, "7")
	if err := Append(path, make([]byte, mostBytes), 5); err == nil {
		t.Error("a line is taken that has no room")
	}
	large := strings.Repeat("x", mostBytes/3)
	for i := range 9 {
		appended(t, path, 100, fmt.Sprint(i)+large)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > mostBytes {
		t.Errorf("%v, %d bytes", err, info.Size())
	}
	if lines, _ := Read(path); len(lines) != 2 || lines[1][0] != '8' {
		t.Errorf("%d lines, and not the last two", len(lines))
	}
}

// TestModes: nobody else may read it, even if it was there before with other rights.
func TestModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes there")
	}
	dir := filepath.Join(t.TempDir(), "state")
	path := filepath.Join(dir, "lines")
	check := func() {
		t.Helper()
		for name, want := range map[string]os.FileMode{path: 0o600, dir: 0o700 | os.ModeDir} {
			if info, err := os.Stat(name); err != nil || info.Mode() != want {
				t.Errorf("%s: %v, %v", name, err, info.Mode())
			}
		}
	}
	appended(t, path, 5, "1")
	check()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	appended(t, path, 5, "2")
	check()
	has(t, path, "1", "2")
}

// TestTorn cuts the file anywhere: whole lines stay, and lines that are added later are whole.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lines")
	const text = "one\ntwo\nthree\n"
	for cut := range len(text) {
		if err := os.WriteFile(path, []byte(text[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		whole := strings.Fields(text[:strings.LastIndex(text[:cut], "\n")+1])
		has(t, path, whole...)
		appended(t, path, 10, "four", "five")
		has(t, path, append(whole, "four", "five")...)
	}
}

// TestWhatIsThere: what is no file of lines is left as it is, and an error.
func TestWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("mine\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(other, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{dir, filepath.Join(other, "below")} {
		if err := Append(path, []byte("1"), 5); err == nil {
			t.Errorf("%s takes a line", path)
		}
	}
	if runtime.GOOS != "windows" && Append(link, []byte("1"), 5) == nil {
		t.Error("a link takes a line")
	}
	has(t, other, "mine")
}

// TestTogether: several add at once. While there is room nothing is lost, and each writer's lines are in order; when there
// is none any more, what is there is whole.
func TestTogether(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are not locked there")
	}
	path := filepath.Join(t.TempDir(), "lines")
	const writers, each = 4, 40
	for _, most := range []int{writers * each, 20} {
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					text := fmt.Sprintf("%d %d %s.", w, i, strings.Repeat("x", rand.IntN(300)))
					if err := Append(path, []byte(text), most); err != nil {
						t.Error(err)
					}
					lines, err := Read(path)
					if err != nil || len(lines) > max(most, writers*each) {
						t.Errorf("%v, %d lines", err, len(lines))
					}
				}
			})
		}
		all.Wait()
		lines, err := Read(path)
		if err != nil || len(lines) > most || most > 20 && len(lines) < most {
			t.Errorf("%v, %d lines", err, len(lines))
		}
		last := map[int]int{}
		for _, line := range lines {
			var w, i int
			if n, _ := fmt.Sscanf(string(line), "%d %d", &w, &i); n != 2 || line[len(line)-1] != '.' || most > 20 && i != last[w] {
				t.Errorf("line %q after %d", line, last[w])
			}
			last[w] = i + 1
		}
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
}

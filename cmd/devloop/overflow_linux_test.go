package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/control"
)

// TestOverflow: while the loop stands still, the kernel's queue runs over, and
// with the events after that goes the news of saves and renames. The last run
// has seen the tree all the same, and no directory is deaf.
func TestOverflow(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	if err != nil {
		t.Skip(err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || limit > 100_000 {
		t.Skipf("max_queued_events is %q: too many to make", text)
	}
	inProject(t, map[string]string{
		"devloop.yaml": "watchers: {check: {watch: src, gitignore: false, stages: ['find src -type f | sort | xargs cat > saw']}}\n",
		"src/a/x/file": "one\n", "src/b/x/file": "one\n", "src/c/x/file": "one\n",
	})
	loop := exec.Command(os.Args[0], "up")
	loop.Env = append(os.Environ(), asDevloop+"=1")
	out, err := loop.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := loop.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := loop.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := loop.Wait(); err != nil {
			t.Error(err)
		}
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "✓ passed") {
	}
	go io.Copy(io.Discard, out)

	if err := loop.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.Wait4(loop.Process.Pid, nil, unix.WUNTRACED, nil); err != nil {
		t.Fatal(err)
	}
	for i := range limit + 100 {
		// By turns, because the kernel makes one of two equal events.
		at := time.Unix(int64(i), 0)
		if err := os.Chtimes([]string{"src/a/x/file", "src/b/x/file"}[i%2], at, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{
		os.Rename("src/a", "src/c/a"),
		os.Rename("src/b/x", "src/b/y"),
		os.WriteFile("src/b/y/file", []byte("two\n"), 0o600),
		os.MkdirAll("src/d/e", 0o755),
		os.WriteFile("src/d/e/file", []byte("new\n"), 0o600),
		loop.Process.Signal(unix.SIGCONT),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	check := func() {
		t.Helper()
		var said bytes.Buffer
		if code := run([]string{"wait"}, &said, &said); code != exitOK {
			t.Fatalf("wait: %d: %s", code, said.String())
		}
		var want []byte
		for _, name := range []string{"src/b/y/file", "src/c/a/x/file", "src/c/x/file", "src/d/e/file"} {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, text...)
		}
		if saw, err := os.ReadFile("saw"); err != nil || !bytes.Equal(saw, want) {
			t.Errorf("the last run saw %q, %v; want %q", saw, err, want)
		}
	}
	check()
	var told bytes.Buffer
	var status control.Status
	if code := run([]string{"status", "--json"}, &told, os.Stderr); code != exitOK {
		t.Fatalf("status: %d", code)
	}
	if err := json.Unmarshal(told.Bytes(), &status); err != nil || status.Watching == nil || status.Watching.Overflows == 0 {
		t.Errorf("nothing was lost: %s, %v", told.String(), err)
	}
	files, err := filepath.Glob("src/*/*/file")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, "src/c/a/x/file") {
		if err := os.WriteFile(name, []byte("three, "+name+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		check()
	}
}

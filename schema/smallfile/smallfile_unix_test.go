//go:build unix

package smallfile

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestRefusesWhatWaits reads what would wait for ever, or never end, if it were
// opened and read like a file.
func TestRefusesWhatWaits(t *testing.T) {
	dir := t.TempDir()
	fifo, link, zero, sock := filepath.Join(dir, "fifo"), filepath.Join(dir, "link"), filepath.Join(dir, "zero"), filepath.Join(dir, "s")
	if err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.Symlink(fifo, link), os.Symlink("/dev/zero", zero)); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for path, kind := range map[string]string{fifo: "a FIFO", link: "a FIFO", zero: "a device", "/dev/tty": "a device", sock: "a socket"} {
		if _, err := Read(path); !errors.Is(err, errNotRegular) || !strings.HasSuffix(err.Error(), kind+", not a regular file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestNeverOpensAFIFO has a writer wait for a reader, who never comes.
func TestNeverOpensAFIFO(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(fifo); !errors.Is(err, errNotRegular) {
		t.Fatal(err)
	}
	// Nobody has it open for reading: the system refuses a writer who does not wait.
	if fd, err := syscall.Open(fifo, syscall.O_WRONLY|syscall.O_NONBLOCK, 0); err != syscall.ENXIO {
		t.Errorf("opened as %d: %v", fd, err)
	}
}

// TestReadsProc reads a file that says it is empty, and one that waits.
func TestReadsProc(t *testing.T) {
	if _, err := os.Stat("/proc/self/mountinfo"); err != nil {
		t.Skip("no /proc here")
	}
	if text, err := Read("/proc/self/mountinfo"); err != nil || len(text) == 0 {
		t.Errorf("read %d bytes: %v", len(text), err)
	}
}

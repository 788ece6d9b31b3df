//go:build unix

package procgroup

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// The flag belongs to everybody who has the descriptor; nobody's may change.
func TestFilesKeepTheirFlags(t *testing.T) {
	for _, nonblocking := range []bool{false, true} {
		var fds [2]int
		if err := unix.Pipe(fds[:]); err != nil {
			t.Fatal(err)
		}
		unix.CloseOnExec(fds[0])
		unix.CloseOnExec(fds[1])
		if err := unix.SetNonblock(fds[0], nonblocking); err != nil {
			t.Fatal(err)
		}
		r, w := os.NewFile(uintptr(fds[0]), "r"), os.NewFile(uintptr(fds[1]), "w")
		out, exit := run(t, Spec{Files: []*os.File{r}}, "flags")
		if want := map[bool]string{false: "false <nil>\n", true: "true <nil>\n"}[nonblocking]; out != want {
			t.Errorf("nonblocking %v: the child saw %q, %v", nonblocking, out, exit)
		}
		flags, err := unix.FcntlInt(uintptr(fds[0]), unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK != 0 != nonblocking {
			t.Errorf("nonblocking %v: it is %v afterwards, %v", nonblocking, flags&unix.O_NONBLOCK != 0, err)
		}
		if err := r.Close(); err != nil { // the package has not closed it
			t.Error(err)
		}
		w.Close()
	}
}

func TestFilesMustBeOpen(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	w.Close()
	if _, err := Start(Spec{Argv: []string{"true"}, Files: []*os.File{r}}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

package procgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"
)

// Here a group is its leader alone: there is no process group to signal, and job objects, which would hold
// the tree, are not used yet.

type image struct {
	path, dir string
	argv, env []string
	sys       syscall.SysProcAttr
}

func prepare(spec Spec) (*image, error) {
	if len(spec.Argv) == 0 || spec.Argv[0] == "" {
		return nil, fmt.Errorf("start command: it is empty: %w", ErrNotFound)
	}
	name := spec.Argv[0]
	if len(spec.Files) > 0 {
		return nil, fmt.Errorf("start %s: pass descriptors: %w", name, ErrUnsupported)
	}
	img := &image{argv: spec.Argv, env: withMark(spec.Env, spec.Mark), dir: spec.Dir}
	if spec.Nice > 0 {
		img.sys.CreationFlags = windows.BELOW_NORMAL_PRIORITY_CLASS
	}
	if img.dir != "" {
		st, err := os.Stat(img.dir)
		if err != nil {
			return nil, fmt.Errorf("start %s: %w %s: %w", name, errDir, img.dir, err)
		}
		if !st.IsDir() {
			return nil, fmt.Errorf("start %s: %w %s: it is no directory", name, errDir, img.dir)
		}
	}
	path := name
	if strings.ContainsAny(name, `\/`) && !filepath.IsAbs(name) && img.dir != "" {
		path = filepath.Join(img.dir, name)
	}
	found, err := exec.LookPath(path)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, fmt.Errorf("start %s: %w", name, startError(path, err))
	}
	img.path = found
	return img, nil
}

func startError(path string, err error) error {
	switch {
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s", ErrNotFound, path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s", ErrPermission, path)
	default:
		return fmt.Errorf("%s: %w", path, err)
	}
}

func (img *image) fork(stdin, output *os.File, _ []*os.File) (*tree, error) {
	p, err := os.StartProcess(img.path, img.argv, &os.ProcAttr{
		Dir: img.dir, Env: img.env, Files: []*os.File{stdin, output, output}, Sys: &img.sys,
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", img.argv[0], startError(img.path, err))
	}
	return &tree{pid: p.Pid, process: p}, nil
}

func duplicate(files []*os.File) ([]*os.File, error) { return files, nil } // prepare refuses any

type tree struct {
	pid     int
	process *os.Process
	state   *os.ProcessState
	waited  error
	reaped  bool
}

func (t *tree) waitLeader() error {
	t.state, t.waited = t.process.Wait()
	return nil // reap tells
}

func (t *tree) reap() (code int, signal string, err error) {
	t.reaped = true
	if t.waited != nil {
		return -1, "", fmt.Errorf("learn exit status of process %d: %w", t.pid, t.waited)
	}
	return t.state.ExitCode(), "", nil
}

func (t *tree) signalLeader(sig syscall.Signal) error {
	if t.reaped {
		return os.ErrProcessDone
	}
	if sig != syscall.SIGKILL {
		return fmt.Errorf("send %s: %w", signalName(sig), ErrUnsupported)
	}
	return t.process.Kill()
}

// signalGroup with 0 only asks whether the leader lives.
func (t *tree) signalGroup(sig syscall.Signal) error {
	if sig == 0 && !t.reaped {
		return nil
	}
	return t.signalLeader(sig)
}

func (t *tree) end(sig syscall.Signal) error { return t.signalLeader(sig) }

func (t *tree) kill() error {
	if err := t.signalLeader(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// process stands for a line of a table that is not read here.
type process struct{}

func (*tree) table() ([]process, error) {
	return nil, fmt.Errorf("list processes: %w", ErrUnsupported)
}

func (t *tree) members() ([]int, error) {
	return nil, fmt.Errorf("list members: %w", ErrUnsupported)
}

func (t *tree) track()                                         {}
func (t *tree) widen()                                         {}
func (t *tree) elsewhere() bool                                { return false }
func (t *tree) freeze([]process, bool) (found int, still bool) { return 0, true }
func (t *tree) forgetHandle()                                  {}
func (t *tree) certain() bool                                  { return true } // it is a handle, not a number
func (t *tree) alive() bool                                    { return !t.reaped }
func (t *tree) collect()                                       {}
func (t *tree) close()                                         {}

func (t *tree) living() int {
	if t.alive() {
		return 1
	}
	return 0
}

// outputPipe is a plain pipe: pipes have no deadlines here, so a descendant that keeps it open keeps the
// group from being done.
func outputPipe() (r, w *os.File, err error) {
	r, w, err = os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make pipe: %w", err)
	}
	return r, w, nil
}

func pipeNumber(*os.File) (number uint64, ok bool) { return 0, false }

func isHeld(*os.File) bool { return false }

func deliver(r *os.File, output func(Block), unfinished func([]byte)) {
	s := newSplitter(output)
	s.open = unfinished
	for {
		n, err := r.Read(s.space())
		s.advance(n)
		if err != nil {
			break
		}
	}
	s.finish()
	_ = r.Close() // only ever read from
}

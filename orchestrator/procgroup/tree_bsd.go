//go:build unix && !linux

package procgroup

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"devloop/orchestrator/proctable"
)

// system is empty: these systems know the group by its number alone.
type system struct{}

func (t *tree) prepare(*syscall.SysProcAttr) {}
func (t *tree) fork(f func() error) error    { return f() }
func (t *tree) forgetLeader()                {}
func (t *tree) begin()                       {}
func (t *tree) close()                       {}
func (t *tree) forgetHandle()                {}
func (t *tree) certain() bool                { return false }

func (t *tree) killGroup(sig syscall.Signal) error { return t.killByNumber(sig) }

// track does nothing: there is no /proc.
func (t *tree) track()                       {}
func (t *tree) widen()                       {}
func (t *tree) elsewhere() bool              { return false }
func (t *tree) signalEscaped(syscall.Signal) {}

func (t *tree) members() ([]int, error) {
	return nil, fmt.Errorf("list members: %w", ErrUnsupported)
}

func (*tree) table() ([]proctable.Process, error) {
	return nil, fmt.Errorf("list processes: %w", ErrUnsupported)
}

func (t *tree) freeze([]proctable.Process, bool) (found int, still bool) { return 0, true }

func (t *tree) kill() error {
	err := t.signalGroup(unix.SIGKILL)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (t *tree) alive() bool { return t.groupAlive() }

// collect takes the zombies that became children of this process.
func (t *tree) collect() { t.collectGroup() }

// living is 1 when there are any.
func (t *tree) living() int {
	t.collectGroup()
	if t.alive() {
		return 1
	}
	return 0
}

//go:build !linux && !darwin && !freebsd

package procgroup

import (
	"fmt"
	"os"
)

func (l *launch) openTerminal(PTYSize) error { return fmt.Errorf("open terminal: %w", ErrUnsupported) }

func setSize(*os.File, PTYSize) error { return ErrUnsupported }

func (t *Terminal) deliver(func(Block), func([]byte)) {}

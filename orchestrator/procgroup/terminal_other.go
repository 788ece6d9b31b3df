//go:build !linux && !darwin && !freebsd

package procgroup

import (
	"fmt"
	"os"
)

func openTerminal(PTYSize) (*Terminal, *os.File, error) {
	return nil, nil, fmt.Errorf("open terminal: %w", ErrUnsupported)
}

func setSize(*os.File, PTYSize) error { return ErrUnsupported }

func (t *Terminal) deliver(func(Block), func([]byte)) {}

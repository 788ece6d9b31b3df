package watching

import (
	"errors"
	"fmt"
)

var errSystem = fmt.Errorf("devbench needs unix datagram sockets and process groups: %w on this system", errors.ErrUnsupported)

// supported is nil where devbench can measure anything at all.
func supported() error { return errSystem }

func report([]string) error { return errSystem }

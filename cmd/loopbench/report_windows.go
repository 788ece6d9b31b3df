package main

import (
	"errors"
	"fmt"
)

var errSystem = fmt.Errorf("loopbench needs unix datagram sockets and process groups: %w on this system", errors.ErrUnsupported)

// supported is nil where loopbench can measure anything at all.
func supported() error { return errSystem }

func report([]string) error { return errSystem }

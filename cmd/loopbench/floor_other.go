//go:build !linux

package main

import (
	"errors"
	"fmt"
)

func floor([]string) error {
	return fmt.Errorf("the floor is made of inotify: %w on this system", errors.ErrUnsupported)
}

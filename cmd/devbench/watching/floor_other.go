//go:build !linux

package watching

import (
	"errors"
	"fmt"
)

func floor([]string) error {
	return fmt.Errorf("the floor is made of inotify: %w on this system", errors.ErrUnsupported)
}

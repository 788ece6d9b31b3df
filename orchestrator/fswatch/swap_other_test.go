//go:build !linux

package fswatch

import "errors"

func swap(a, b string) error { return errors.ErrUnsupported }

func replace(from, to string) error { return errors.ErrUnsupported }

//go:build !linux

package fspoll

import "errors"

// MountTable does not exist on this system.
type MountTable struct{}

// OpenMountTable is [errors.ErrUnsupported] here.
func OpenMountTable() (*MountTable, error) { return nil, errors.ErrUnsupported }

// Wake is never ready.
func (*MountTable) Wake() <-chan struct{} { return nil }

// Take has nothing.
func (*MountTable) Take() []string { return nil }

// Close does nothing.
func (*MountTable) Close() error { return nil }

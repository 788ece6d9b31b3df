//go:build !linux && !darwin && !freebsd

package fspoll

// remoteKind names no file system: it is not known here which give no events.
func remoteKind(string) (there, kind string) { return "", "" }

// mounts knows of none: see remoteKind.
func mounts() mountKinds { return nil }

//go:build !linux && !darwin && !freebsd

package fspoll

// remoteKind names no file system: on this system it is not known which gives no events.
func remoteKind(string) (there, kind string) { return "", "" }

// mounts knows of none: see remoteKind.
func mounts() mountKinds { return nil }

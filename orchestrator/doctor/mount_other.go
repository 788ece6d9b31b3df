//go:build !linux && !darwin && !freebsd

package doctor

// fileSystem: the system does not tell.
func fileSystem(string) string { return "" }

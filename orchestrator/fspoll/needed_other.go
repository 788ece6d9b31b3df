//go:build !(linux || darwin || freebsd)

package fspoll

// Needed says whether polling is needed for a directory. That is not known here.
func Needed(dir string) (reason string, needed bool) { return "", false }

//go:build !unix

package gitignore

// openFlags: a .gitignore that is a symbolic link is read here, where git would not.
const openFlags = 0

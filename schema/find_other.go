//go:build !unix

package schema

import "io/fs"

// otherOwner always returns "": here a file has no single owner to compare; only a directory's access
// list says who can write to it.
func otherOwner(string, fs.FileInfo) string { return "" }

func strangeOwner(string, fs.FileInfo, ...int) string { return "" }

func trustedOwners(string) ([]int, bool) { return nil, false }

func anybodyWrites(fs.FileInfo) bool { return false }

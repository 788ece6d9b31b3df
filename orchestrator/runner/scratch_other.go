//go:build !unix

package runner

import "os"

// private tells whether it is a directory: temporary directories are the user's own here.
func private(info os.FileInfo) bool { return info.IsDir() }

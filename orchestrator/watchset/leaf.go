package watchset

import (
	"path/filepath"
	"strings"
)

// Leaf tells whether a real path lies where the system shows its own state as
// files: in /proc, /sys or /dev, but for /dev/shm, which is a place for files
// like any other. A link that leads there stands for itself; nothing behind it
// is watched, learned or told of.
func Leaf(real string) bool {
	real = filepath.ToSlash(real)
	for _, top := range []string{"/proc", "/sys", "/dev"} {
		if real == top || strings.HasPrefix(real, top+"/") {
			return real != "/dev/shm" && !strings.HasPrefix(real, "/dev/shm/")
		}
	}
	return false
}

package fspoll

// MountOf is where the file system is mounted that a path lies on, as the table of mounts says: no file system is
// asked, and so links in the path are taken as they are written. It is "" where the system tells nothing.
func MountOf(path string) (mount string) {
	for at := range mounts() {
		if _, below := Within(path, at); below && len(at) > len(mount) {
			mount = at
		}
	}
	return mount
}

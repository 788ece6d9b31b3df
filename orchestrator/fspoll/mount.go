package fspoll

import "slices"

// MountOf is where the file system of a path is mounted, according to the table of mounts: no file system is
// asked, so links in the path are not followed. It is "" where the system tells nothing.
func MountOf(path string) (mount string) {
	for at := range mounts() {
		if _, below := Within(path, at); below && len(at) > len(mount) {
			mount = at
		}
	}
	return mount
}

// MountsBelow lists everything that is mounted below some paths that have no links, sorted. No file system is asked.
func MountsBelow(paths []string) (list []string) {
	for at := range mounts() {
		if slices.ContainsFunc(paths, func(path string) bool { _, below := within(at, path); return below }) {
			list = append(list, at)
		}
	}
	slices.Sort(list)
	return list
}

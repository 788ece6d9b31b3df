package fswatch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxHops limits how many symbolic links a path may go through, as the kernel does.
const maxHops = 40

// resolution is where a path leads, and the real paths that this depends on: the links on the way, and the
// last element or the first missing one. A link that leads to a leaf leads to itself.
type resolution struct {
	real      string
	kind      kind
	inode     uint64
	dependsOn []string
}

func (r resolution) same(o resolution) bool {
	return r.real == o.real && r.kind == o.kind && slices.Equal(r.dependsOn, o.dependsOn)
}

// resolve follows path from the real directory dir; leaf is as in Options. Links in the top directory of a
// file system (/tmp, /var on macOS) count as permanent.
func resolve(leaf func(real string) bool, dir, path string) resolution {
	r := resolution{real: dir, kind: directory}
	parts := strings.Split(path, separator)
	for hops := 0; len(parts) > 0; {
		part := parts[0]
		parts = parts[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			r.real = parentOf(r.real)
			continue
		}
		at := join(r.real, part)
		info, err := os.Lstat(at)
		if err != nil {
			r.kind, r.real, r.dependsOn = missing, at, append(r.dependsOn, at)
			return r
		}
		last := !slices.ContainsFunc(parts, func(s string) bool { return s != "" && s != "." })
		switch k := kindOf(info); {
		case k == symlink:
			if parentOf(r.real) != r.real {
				r.dependsOn = append(r.dependsOn, at)
			}
			target, err := os.Readlink(at)
			if hops++; err != nil || hops > maxHops {
				r.kind, r.real = missing, at
				return r
			}
			if filepath.IsAbs(target) {
				volume := filepath.VolumeName(target)
				r.real = volume + separator
				target = target[len(volume):]
			}
			parts = append(strings.Split(filepath.FromSlash(target), separator), parts...)
			if leaf(filepath.Join(r.real, filepath.Join(parts...))) {
				r.kind, r.real, r.inode = file, at, inodeOf(info)
				return r
			}
		case last:
			r.real, r.dependsOn, r.inode = at, append(r.dependsOn, at), inodeOf(info)
			r.kind = file
			if k == directory {
				r.kind = directory
			}
			return r
		case k != directory:
			r.kind, r.real, r.dependsOn = missing, at, append(r.dependsOn, at)
			return r
		default:
			r.real = at
		}
	}
	if info, err := os.Lstat(r.real); err == nil {
		r.inode = inodeOf(info)
	}
	return r
}

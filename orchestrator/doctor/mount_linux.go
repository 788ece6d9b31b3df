package doctor

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// kinds are the usual file systems that statfs(2) tells by number. Those that
// are polled are whoever's who polls.
var kinds = map[uint32]string{
	unix.FUSE_SUPER_MAGIC:      "fuse",
	unix.OVERLAYFS_SUPER_MAGIC: "overlay",
	unix.EXT4_SUPER_MAGIC:      "ext4",
	unix.BTRFS_SUPER_MAGIC:     "btrfs",
	unix.XFS_SUPER_MAGIC:       "xfs",
	unix.TMPFS_MAGIC:           "tmpfs",
	unix.F2FS_SUPER_MAGIC:      "f2fs",
	unix.ECRYPTFS_SUPER_MAGIC:  "ecryptfs",
	unix.MSDOS_SUPER_MAGIC:     "vfat",
	unix.EXFAT_SUPER_MAGIC:     "exfat",
	0x2fc12fc1:                 "zfs",
	0xca451a4e:                 "bcachefs",
	0x7366746e:                 "ntfs3",
}

// fileSystem is the kind of the file system that the path is on, or "".
func fileSystem(path string) string {
	for {
		var st unix.Statfs_t
		err := unix.Statfs(path, &st)
		if err == nil {
			if kind := kinds[uint32(st.Type)]; kind != "" {
				return kind
			}
			return fmt.Sprintf("number %#x of statfs(2)", uint32(st.Type))
		}
		parent := filepath.Dir(path)
		if parent == path {
			return ""
		}
		path = parent
	}
}

package fspoll

import (
	"bufio"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// remote are the file systems whose files change without this kernel knowing, by the number from statfs. Where
// x/sys has no name for it, the comment says who defines the number.
var remote = map[uint32]string{
	unix.NFS_SUPER_MAGIC:   "NFS",
	unix.SMB_SUPER_MAGIC:   "SMB",
	unix.SMB2_SUPER_MAGIC:  "SMB",
	unix.CIFS_SUPER_MAGIC:  "SMB (CIFS)",
	unix.V9FS_MAGIC:        "9p",
	unix.CEPH_SUPER_MAGIC:  "Ceph",
	unix.AFS_SUPER_MAGIC:   "AFS",
	unix.AFS_FS_MAGIC:      "AFS",
	unix.CODA_SUPER_MAGIC:  "Coda",
	unix.NCP_SUPER_MAGIC:   "NCP",
	unix.OCFS2_SUPER_MAGIC: "OCFS2",
	0x786f4256:             "VirtualBox shared folder", // VBOXSF_SUPER_MAGIC, Linux fs/vboxsf/super.c
	0xbacbacbc:             "VMware shared folder",     // HGFS_SUPER_MAGIC, open-vm-tools vmhgfs
	0x7c7c6673:             "Parallels shared folder",  // prl_fs, GNU coreutils src/stat.c
	0x01161970:             "GFS2",                     // GFS2_MAGIC, Linux include/uapi/linux/gfs2_ondisk.h
	0x0bd00bd0:             "Lustre",                   // GNU coreutils src/stat.c
	0x47504653:             "GPFS",                     // GNU coreutils src/stat.c
	0x19830326:             "BeeGFS",                   // fhgfs, GNU coreutils src/stat.c
	0xaad7aaea:             "PanFS",                    // GNU coreutils src/stat.c
	0x20030528:             "OrangeFS",                 // ORANGEFS_DEVREQ_MAGIC, Linux fs/orangefs
}

// remoteFuse are those of FUSE, which share one number, by the type in /proc/self/mountinfo: "fuse." and the
// subtype from the file system's program. Others of FUSE work on local files (ntfs-3g, mergerfs, gocryptfs,
// fuse-overlayfs), or pass events on, and need no polling.
var remoteFuse = map[string]string{
	"virtiofs":           "virtiofs share",
	"fuse.sshfs":         "sshfs",
	"fuse.rclone":        "rclone",
	"fuse.s3fs":          "s3fs",
	"fuse.goofys":        "goofys",
	"fuse.mount-s3":      "Mountpoint for Amazon S3",
	"fuse.mountpoint-s3": "Mountpoint for Amazon S3",
	"fuse.gcsfuse":       "Cloud Storage FUSE",
	"fuse.blobfuse":      "blobfuse",
	"fuse.blobfuse2":     "blobfuse",
	"fuse.glusterfs":     "GlusterFS",
	"fuse.ceph":          "Ceph",
	"fuse.ceph-fuse":     "Ceph",
	"fuse.juicefs":       "JuiceFS",
	"fuse.seaweedfs":     "SeaweedFS",
	"fuse.mfs":           "MooseFS",
	"fuse.curlftpfs":     "curlftpfs",
	"fuse.smbnetfs":      "smbnetfs",
	"fuse.gvfsd-fuse":    "GVfs",
	"fuse.vmhgfs-fuse":   "VMware shared folder",
	"fuse.prl_fsd":       "Parallels shared folder",
}

// remoteKind names the file system of a directory if it is one of those; "" for any other.
func remoteKind(dir string) (there, kind string) {
	dir, st, ok := fileSystem(dir)
	if !ok {
		return "", ""
	}
	if name, ok := remote[uint32(st.Type)]; ok {
		return dir, name
	}
	if uint32(st.Type) != unix.FUSE_SUPER_MAGIC {
		return "", ""
	}
	var at unix.Stat_t
	if err := retry(func() error { return unix.Stat(dir, &at) }); err != nil {
		return "", ""
	}
	mounts, err := os.Open(mountInfo)
	if err != nil {
		return "", ""
	}
	defer mounts.Close()
	return dir, remoteFuse[mountKind(bufio.NewScanner(mounts), unix.Major(uint64(at.Dev)), unix.Minor(uint64(at.Dev)))]
}

// mountKind finds the type of a device's file system in a /proc/PID/mountinfo.
func mountKind(lines *bufio.Scanner, major, minor uint32) string {
	device := fmt.Sprintf("%d:%d", major, minor)
	for lines.Scan() {
		if m, ok := parseMount(lines.Text()); ok && m.device == device {
			return m.kind
		}
	}
	return ""
}

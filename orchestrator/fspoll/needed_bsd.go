//go:build darwin || freebsd

package fspoll

import (
	"strings"

	"golang.org/x/sys/unix"
)

// remote are the file systems whose files change without this kernel knowing, by f_fstypename of statfs(2). Types
// of FUSE begin with their kit's name.
var remote = map[string]string{
	"nfs":           "NFS",
	"oldnfs":        "NFS",
	"smbfs":         "SMB",
	"afpfs":         "AFP",
	"webdav":        "WebDAV",
	"ftp":           "FTP",
	"p9fs":          "9p",
	"virtiofs":      "virtiofs share",
	"AppleVirtIOFS": "virtiofs share",
	"vmhgfs":        "VMware shared folder",
	"vboxvfs":       "VirtualBox shared folder",
	"vboxsf":        "VirtualBox shared folder",
	"prl_fs":        "Parallels shared folder",
	"afs":           "AFS",
	"coda":          "Coda",
	"macfuse":       "FUSE",
	"osxfuse":       "FUSE",
	"fusefs.sshfs":  "sshfs",
}

// remoteKind names the file system of a directory if it is one of those; "" for any other.
func remoteKind(dir string) (there, kind string) {
	dir, st, ok := fileSystem(dir)
	if !ok {
		return "", ""
	}
	return dir, typeName(&st)
}

// typeName is what people call the type of a file system, if it is one of remote; "" for any other.
func typeName(st *unix.Statfs_t) string {
	return remote[strings.TrimRight(unix.ByteSliceToString(st.Fstypename[:]), "\x00")]
}

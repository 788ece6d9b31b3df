//go:build darwin || freebsd

package fspoll

import (
	"strings"

	"golang.org/x/sys/unix"
)

// remote are the file systems whose files change without this kernel knowing of it, by f_fstypename of statfs(2).
// Those of FUSE have types that begin with their kit's name, and may lie anywhere.
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

// Needed says whether polling is needed for a directory, or for what will be there, because it lies on a file
// system that gives no events of what others change, and names that. A kind that is not known gives events.
func Needed(dir string) (reason string, needed bool) {
	dir, st, ok := fileSystem(dir)
	if !ok {
		return "", false
	}
	kind := strings.TrimRight(unix.ByteSliceToString(st.Fstypename[:]), "\x00")
	if name, ok := remote[kind]; ok {
		return because(dir, name), true
	}
	return "", false
}

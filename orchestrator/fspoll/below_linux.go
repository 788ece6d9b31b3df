package fspoll

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// remoteTypes are the kinds of remote, by the type in /proc/self/mountinfo.
var remoteTypes = map[string]string{
	"nfs":    "NFS",
	"nfs4":   "NFS",
	"smb3":   "SMB",
	"smbfs":  "SMB",
	"cifs":   "SMB (CIFS)",
	"9p":     "9p",
	"ceph":   "Ceph",
	"afs":    "AFS",
	"coda":   "Coda",
	"ncpfs":  "NCP",
	"ocfs2":  "OCFS2",
	"vboxsf": "VirtualBox shared folder",
	"vmhgfs": "VMware shared folder",
	"prl_fs": "Parallels shared folder",
	"gfs2":   "GFS2",
	"lustre": "Lustre",
	"gpfs":   "GPFS",
	"beegfs": "BeeGFS",
	"panfs":  "PanFS",
	"pvfs2":  "OrangeFS", // its name in the kernel
}

// mountsBelow lists what is mounted below a directory whose path has no links.
func mountsBelow(dir string) map[string]string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseMounts(f, dir)
}

// parseMounts reads the lines of a /proc/PID/mountinfo (proc_pid_mountinfo(5)): the fifth field is where it is
// mounted, and the type follows a field that is a single hyphen. What is mounted later at a place hides what was
// there before.
func parseMounts(text io.Reader, dir string) map[string]string {
	below := map[string]string{}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		place, rest, ok := strings.Cut(lines.Text(), " - ")
		f := strings.Fields(place)
		if !ok || len(f) < 5 {
			continue
		}
		at := unescape(f[4])
		if rel, err := filepath.Rel(dir, at); err != nil || rel == "." || !filepath.IsLocal(rel) {
			continue
		}
		kind, _, _ := strings.Cut(rest, " ")
		name, known := remoteTypes[kind]
		if !known {
			name = remoteFuse[kind]
		}
		below[at] = name
	}
	return below
}

// unescape reads a field with octal escapes for what separates fields: `\040` is a space.
func unescape(field string) string {
	if !strings.Contains(field, `\`) {
		return field
	}
	var text strings.Builder
	for i := 0; i < len(field); i++ {
		if field[i] == '\\' && i+3 < len(field) {
			if c, err := strconv.ParseUint(field[i+1:i+4], 8, 8); err == nil {
				text.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		text.WriteByte(field[i])
	}
	return text.String()
}

package fspoll

import (
	"bufio"
	"cmp"
	"io"
	"os"
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

// mounts lists all mounts, kinds that need no polling as "".
func mounts() mountKinds {
	f, err := os.Open(mountInfo)
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseMounts(f)
}

// parseMounts reads a /proc/PID/mountinfo. A later mount at the same place hides the earlier one.
func parseMounts(text io.Reader) map[string]string {
	all := map[string]string{}
	_ = eachMount(text, func(m mount) { // what could be read counts
		all[m.at] = cmp.Or(remoteTypes[m.kind], remoteFuse[m.kind])
	})
	return all
}

// eachMount calls f for every line of a /proc/PID/mountinfo that it can parse.
func eachMount(text io.Reader, f func(mount)) error {
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		if m, ok := parseMount(lines.Text()); ok {
			f(m)
		}
	}
	return lines.Err()
}

// mount is a line of a /proc/PID/mountinfo.
type mount struct{ id, device, at, kind string }

// parseMount reads a line of proc_pid_mountinfo(5): the first field is a number that no other mount has now, the third
// the device, the fifth the mount point, and the type follows a field that is a single hyphen.
func parseMount(line string) (m mount, ok bool) {
	place, rest, ok := strings.Cut(line, " - ")
	f := strings.Fields(place)
	if !ok || len(f) < 5 {
		return mount{}, false
	}
	kind, _, _ := strings.Cut(rest, " ")
	return mount{id: f[0], device: f[2], at: unescape(f[4]), kind: kind}, true
}

// unescape decodes octal escapes for field separators: `\040` is a space.
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

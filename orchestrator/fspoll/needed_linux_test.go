package fspoll

import (
	"bufio"
	"path/filepath"
	"strings"
	"testing"
)

func TestLocalFileSystemsNeedNoPolling(t *testing.T) {
	for _, dir := range []string{"/proc", "/sys", filepath.Join(t.TempDir(), "not", "there")} {
		if reason, needed := Needed(dir); needed {
			t.Errorf("polling is needed for %s: %s", dir, reason)
		}
	}
}

func TestMountKind(t *testing.T) {
	const mounts = `36 35 98:0 / / rw,noatime master:1 - ext4 /dev/root rw
37 36 0:44 / /mnt/a\040b rw shared:2 master:3 - fuse.sshfs me@host: rw,user_id=0
38 36 0:45 / /mnt/v rw - virtiofs share rw
`
	for minor, want := range map[uint32]string{44: "fuse.sshfs", 45: "virtiofs", 46: ""} {
		if got := mountKind(bufio.NewScanner(strings.NewReader(mounts)), 0, minor); got != want {
			t.Errorf("device 0:%d: %q, want %q", minor, got, want)
		}
	}
}

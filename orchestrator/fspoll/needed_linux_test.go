package fspoll

import (
	"bufio"
	"path/filepath"
	"slices"
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

func TestMountsBelow(t *testing.T) {
	const mounts = `36 35 98:0 / / rw,noatime master:1 - ext4 /dev/root rw
37 36 0:44 / /work rw - nfs4 server:/work rw
38 36 0:45 / /work/app/share rw shared:2 master:3 - 9p share rw
39 36 0:46 / /work/app/share/deep rw - nfs server:/deep rw
40 36 0:47 / /work/app/two\040words rw - fuse.sshfs me@host: rw,user_id=0
41 36 0:48 / /work/app/node_modules rw - ext4 /dev/vdb rw
42 36 0:49 / /work/app/covered rw - cifs //server/share rw
43 36 0:50 / /work/app/covered rw - tmpfs none rw
44 36 0:51 / /work/apple rw - nfs server:/apple rw
45 36 0:52 / /work/app/gvfs rw - fuse.unheard-of none rw
54 36 98:0 /host/app.toml /work/app/app.toml rw - ext4 /dev/root rw
55 36 0:50 /b.toml /work/app/share/b.toml rw - tmpfs none rw
nonsense
46 36 0:53 / - nfs
`
	table := mountKinds(parseMounts(strings.NewReader(mounts)))
	isFile := func(path string) bool { return strings.HasSuffix(path, ".toml") }
	got := table.belowReal("/work/app", "/link", isFile)
	want := []Mount{{"/link/app.toml", ""}, {"/link/share", "9p"}, {"/link/two words", "sshfs"}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := table.belowReal("/work/app/app.toml", "/link/app.toml", isFile); !slices.Equal(got, []Mount{{"/link/app.toml", ""}}) {
		t.Errorf("at the file: %v", got)
	}
	if got := table.belowReal("/", "/", isFile); !slices.Equal(got, []Mount{{"/work", "NFS"}}) {
		t.Errorf("below the top: %v", got)
	}
}

func TestNothingRemoteIsMountedHere(t *testing.T) {
	if got := mounts().below(t.TempDir()); len(got) > 0 {
		t.Errorf("%v", got)
	}
}

package watching

import (
	"testing"
	"time"
)

func TestParsePss(t *testing.T) {
	got, err := parsePss("55d0c-7ffe ---p 00000000 00:00 0    [rollup]\nRss:                1234 kB\nPss:                 987 kB\nPss_Dirty:           111 kB\n")
	if err != nil || got != 987 {
		t.Errorf("got %d, %v, want 987", got, err)
	}
	for _, text := range []string{"", "Rss: 1 kB\n", "Pss: many kB\n"} {
		if got, err := parsePss(text); err == nil {
			t.Errorf("parsePss %q: got %d and no error", text, got)
		}
	}
}

func TestParseWatches(t *testing.T) {
	text := `pos:	0
flags:	02004000
mnt_id:	15
inotify wd:a ino:1f sdev:fe00000 mask:fce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:1f
inotify wd:9 ino:20 sdev:fe00000 mask:fce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:20
inotify wd:1 ino:21 sdev:fe00000 mask:fce ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:21
`
	if count, newest, inode := parseWatches(text); count != 3 || newest != 10 || inode != 0x1f {
		t.Errorf("got %d watches, the newest %d on inode %#x; want 3, 10 and 0x1f", count, newest, inode)
	}
	if count, _, _ := parseWatches("pos:	0\nflags:	02\n"); count != 0 {
		t.Errorf("nothing is watched: got %d", count)
	}
}

func TestParseStat(t *testing.T) {
	for _, c := range []struct {
		text          string
		parent, group int
	}{
		{"77 (sh) S 12 77 12 0 -1 4194304", 12, 77},
		{"78 (a) b (c)) R 77 76 12 0 -1", 77, 76},
	} {
		parent, group, err := parseStat(c.text)
		if err != nil || parent != c.parent || group != c.group {
			t.Errorf("parseStat %q: got %d, %d, %v", c.text, parent, group, err)
		}
	}
	for _, text := range []string{"", "77 (sh)", "77 (sh) S x y", "77 (sh) S 1 y 2"} {
		if _, _, err := parseStat(text); err == nil {
			t.Errorf("parseStat %q: got no error", text)
		}
	}
}

func TestParseSchedstat(t *testing.T) {
	got, err := parseSchedstat("5000000 123 42\n")
	if want := (effort{5 * time.Millisecond, 42}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if _, err := parseSchedstat("5000000\n"); err == nil {
		t.Error("too few fields: got no error")
	}
}

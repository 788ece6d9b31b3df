package pages

import (
	"os"
	"slices"
	"testing"
)

func TestOnlyWhatStandsInTheFileIsReleased(t *testing.T) {
	const figures = "Size:                 16 kB\nRss:                  16 kB\nPss:                  16 kB\n"
	for _, tt := range []struct {
		name, line, anonymous string
		want                  []span
	}{
		{"code", "00400000-00892000 r-xp 00000000 fe:00 10381613                           /bin/devloop", "0", []span{{0x400000, 0x892000}}},
		{"constants", "00892000-00d5d000 r--p 00492000 fe:00 10381613                           /bin/devloop", "0", []span{{0x892000, 0xd5d000}}},
		{"relocated", "00892000-00d5d000 r--p 00492000 fe:00 10381613                           /bin/devloop", "16", nil},
		{"writable", "00d5d000-00dbe000 rw-p 0095d000 fe:00 10381613                           /bin/devloop", "0", nil},
		{"shared", "00400000-00892000 r-xs 00000000 fe:00 10381613                           /bin/devloop", "0", nil},
		{"another file", "00400000-00892000 r-xp 00000000 fe:00 10381613                           /bin/devloop2", "0", nil},
		{"a file of the same name", "00400000-00892000 r-xp 00000000 fe:00 10381613                           /lib/bin/devloop", "0", nil},
		{"no file", "00dbe000-02e04000 r--p 00000000 00:00 0 ", "0", nil},
		{"nonsense", "nonsense", "0", nil},
	} {
		smaps := tt.line + "\n" + figures + "Anonymous:             " + tt.anonymous + " kB\nVmFlags: rd ex mr mw me\n"
		if got := released(smaps, "/bin/devloop"); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %x is released, want %x", tt.name, got, tt.want)
		}
	}
}

// The test's own code is released while it runs, and so is the text below.
func TestTheProgramGoesOn(t *testing.T) {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	if len(released(string(smaps), self)) == 0 {
		t.Error("nothing can be released: code is always mapped")
	}
	written[0] = "three"
	Release()
	if written != [...]string{"three", "two"} {
		t.Errorf("what was written is gone: %q", written)
	}
}

var written = [...]string{"one", "two"}

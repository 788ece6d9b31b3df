package pages

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
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
		for _, r := range []io.Reader{strings.NewReader(smaps), iotest.OneByteReader(strings.NewReader(smaps))} {
			if got := released(r, "/bin/devloop"); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %x is released, want %x", tt.name, got, tt.want)
			}
		}
	}
}

// A path may be longer than what is kept of a line.
func TestLongLinesArePassedOver(t *testing.T) {
	const figures = "Rss:                  16 kB\nAnonymous:             0 kB\n"
	line := func(path string) string {
		return "00400000-00892000 r-xp 00000000 fe:00 10381613                           " + path + "\n" + figures
	}
	long := "/" + strings.Repeat("long/", 700) + "bin/devloop"
	got := released(strings.NewReader(line(long)+line("/bin/devloop")+line(long)), "/bin/devloop")
	if want := []span{{0x400000, 0x892000}}; !slices.Equal(got, want) {
		t.Errorf("%x is released, want %x", got, want)
	}
}

func released(smaps io.Reader, file string) (all []span) {
	release(smaps, file, func(s span) { all = append(all, s) })
	return all
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
	if len(released(bytes.NewReader(smaps), self)) == 0 {
		t.Error("nothing can be released: code is always mapped")
	}
	written[0] = "three"
	Release()
	if written != [...]string{"three", "two"} {
		t.Errorf("what was written is gone: %q", written)
	}
}

var written = [...]string{"one", "two"}

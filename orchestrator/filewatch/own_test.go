package filewatch

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOwnFilesAreKnownByWhatTheyAre(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	write := func(name string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(at(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("dev.log")
	write("scratch/deep/f")
	write("src/dev.log")
	write("src/scratch/f")
	info, err := os.Stat(at("dev.log"))
	if err != nil {
		t.Fatal(err)
	}
	var o Own
	o.File(info)
	o.Dir(at("scratch"))
	o.Dir("")
	check := func(name string, want bool) {
		t.Helper()
		if got := o.wrote(at(name)); got != want {
			t.Errorf("%s is devloop's own: %v, want %v", name, got, want)
		}
	}
	check("dev.log", true)
	check("scratch/f", true)
	check("scratch/deep/f", true)
	check("src/dev.log", false)
	check("src/scratch/f", false)
	descend := o.outside(func(string) bool { return true })
	if descend(at("scratch")) || !descend(at("src/scratch")) {
		t.Error("only the directory of devloop's own is not entered")
	}
	// A log that was moved away is still written on; another file has its name now.
	if err := os.Rename(at("dev.log"), at("old.log")); err != nil {
		t.Fatal(err)
	}
	write("dev.log")
	check("old.log", true)
	check("dev.log", false)
	// What has gone is known by its name, until it is forgotten.
	if err := os.RemoveAll(at("scratch")); err != nil {
		t.Fatal(err)
	}
	check("scratch", true)
	check("scratch/f", true)
	o.Removed(at("scratch"))
	check("scratch/f", false)
}

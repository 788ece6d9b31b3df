package looptest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"devloop/orchestrator/test/testenv"
)

// NPM is a package of npm, as it was published.
type NPM struct{ archive []byte }

// Download gets a package, of which npm says the checksum: `npm view NAME@VERSION dist.integrity`. The test is skipped where npm
// is missing or has nobody to ask.
func Download(t *testing.T, name, version, integrity string) NPM {
	t.Helper()
	testenv.Program(t, "npm")
	dir := t.TempDir()
	Fetch(t, dir, "npm", "pack", "--silent", name+"@"+version)
	archive, err := os.ReadFile(filepath.Join(dir, name+"-"+version+".tgz"))
	if err != nil {
		t.Fatal(err)
	}
	if got := Checksum(archive); got != integrity {
		t.Fatalf("%s %s has the checksum %s, want %s", name, version, got, integrity)
	}
	return NPM{archive}
}

// Checksum is of the form that npm has.
func Checksum(data []byte) string {
	sum := sha512.Sum512(data)
	return "sha512-" + base64.StdEncoding.EncodeToString(sum[:])
}

// File is one file of the package.
func (p NPM) File(t *testing.T, name string) []byte {
	t.Helper()
	unzipped, err := gzip.NewReader(bytes.NewReader(p.archive))
	if err != nil {
		t.Fatal(err)
	}
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			t.Fatalf("the package has no %s", name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Name == "package/"+name {
			data, err := io.ReadAll(reader)
			if err != nil {
				t.Fatal(err)
			}
			return data
		}
	}
}

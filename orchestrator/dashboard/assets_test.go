package dashboard

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"devloop/orchestrator/dashboard/page"
)

// The page's files come compressed to who takes that, once, and load nothing from elsewhere.
func TestAssets(t *testing.T) {
	t.Parallel()
	s, url := start(t, Options{})
	c := loggedIn(t, s, url)
	total := 0
	err := fs.WalkDir(page.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		path := "/" + name
		if name == "index.html" {
			path = "/"
		}
		want, err := fs.ReadFile(page.Files, name)
		if err != nil {
			return err
		}
		res := do(t, c, "GET", url+path, "Accept-Encoding", "br, gzip")
		defer res.Body.Close()
		z, err := gzip.NewReader(res.Body)
		if err != nil {
			t.Fatalf("%s: %v %v", name, err, res.Header)
		}
		text, err := io.ReadAll(z)
		if err != nil || string(text) != string(want) {
			t.Errorf("%s: %v, %d bytes of %d", name, err, len(text), len(want))
		}
		total += int(res.ContentLength)
		if res.Header.Get("Content-Type") == "" || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %v", name, res.Header)
		}
		plain := do(t, c, "GET", url+path, "Accept-Encoding", "identity")
		text, err = io.ReadAll(plain.Body)
		plain.Body.Close()
		if err != nil || string(text) != string(want) || plain.Header.Get("Content-Encoding") != "" || plain.Header.Get("ETag") == res.Header.Get("ETag") {
			t.Errorf("%s: %v %v", name, err, plain.Header)
		}
		again := do(t, c, "GET", url+path, "Accept-Encoding", "gzip", "If-None-Match", res.Header.Get("ETag"))
		again.Body.Close()
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s: %d", name, again.StatusCode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 60<<10 {
		t.Errorf("the page has %d bytes", total)
	}
	for _, path := range []string{"/assets/none.js", "/assets/../index.html", "/assets/..%2findex.html", "/assets/%2e%2e/page.go", "/page.go", "/assets/"} {
		if code, _ := get(t, c, url+path); code != http.StatusNotFound && !strings.Contains(path, "..") {
			t.Errorf("%s: %d", path, code)
		}
	}
}

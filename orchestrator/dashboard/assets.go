package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

// assets are the page's files, compressed when they are first asked for.
type assets struct {
	files fs.FS
	mu    sync.Mutex // guards made
	made  map[string]*asset
}

type asset struct {
	text, zipped []byte
	kind, tag    string
}

// get is a file of the page; nil if there is none.
func (a *assets) get(name string) *asset {
	a.mu.Lock()
	defer a.mu.Unlock()
	if made := a.made[name]; made != nil {
		return made
	}
	text, err := fs.ReadFile(a.files, name)
	if err != nil {
		return nil
	}
	var zipped bytes.Buffer
	z, _ := gzip.NewWriterLevel(&zipped, gzip.BestCompression) // a level that there is
	_, _ = z.Write(text)                                       // to memory
	_ = z.Close()
	sum := sha256.Sum256(text)
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".js" {
		kind = "text/javascript; charset=utf-8" // whatever the system's table says
	}
	made := &asset{text: text, zipped: zipped.Bytes(), kind: kind, tag: hex.EncodeToString(sum[:8])}
	a.made[name] = made
	return made
}

// answer answers with a file.
func (a *assets) answer(w http.ResponseWriter, r *http.Request, name string) {
	var file *asset
	if fs.ValidPath(name) {
		file = a.get(name)
	}
	if file == nil {
		http.NotFound(w, r)
		return
	}
	h, body, tag := w.Header(), file.text, `"`+file.tag+`"`
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", "no-cache")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body, tag = file.zipped, `"`+file.tag+`-gzip"`
	}
	h.Set("ETag", tag)
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", file.kind)
	_, _ = w.Write(body) // the client may have gone
}

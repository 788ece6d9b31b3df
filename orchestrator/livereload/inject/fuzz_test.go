package inject

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math/rand"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"devloop/orchestrator/test/testenv"
)

const fuzzTag = `<script src="/_devloop/live.js" data-devloop="fuzz" async></script>`

// A source gives a page in pieces, and knows how much of it was passed on
// before it was asked for more.
type source struct {
	t      testing.TB
	pieces [][]byte
	end    error
	given  int
	passed func() int // nil: it is compressed
}

func (s *source) Read(p []byte) (int, error) {
	if s.passed != nil && s.given-s.passed() > len("</html") {
		s.t.Fatalf("%d bytes are kept back", s.given-s.passed())
	}
	for len(s.pieces) > 0 && len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	if len(s.pieces) == 0 {
		return 0, s.end
	}
	n := copy(p, s.pieces[0])
	s.pieces[0] = s.pieces[0][n:]
	s.given += n
	return n, nil
}

func (s *source) Close() error { return nil }

// cut cuts a text: each byte of sizes is the size of a piece, again and again,
// and a long text has larger ones.
func cut(text, sizes []byte) (pieces [][]byte) {
	more := len(text) / 1000
	for i := 0; len(text) > 0 && len(sizes) > 0; i++ {
		n := min(int(sizes[i%len(sizes)])+1+more, len(text))
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return append(pieces, text)
}

// through reads a page that comes in pieces, with reads of size bytes.
func through(t testing.TB, pieces [][]byte, end error, packed bool, size int) (string, error) {
	var out []byte
	src := &source{t: t, pieces: pieces, end: end}
	if !packed {
		tagged := false
		src.passed = func() int {
			if !tagged {
				tagged = bytes.Contains(out[max(0, len(out)-2*pieceSize):], []byte(fuzzTag))
			}
			if tagged {
				return len(out) - len(fuzzTag)
			}
			return len(out)
		}
	}
	p := newPage(src, packed, fuzzTag, func(string) {})
	defer p.Close()
	buf := make([]byte, size)
	for {
		n, err := p.Read(buf)
		out = append(out, buf[:n]...)
		if err == io.EOF {
			return string(out), nil
		}
		if err != nil {
			return string(out), err
		}
	}
}

// pack compresses pieces, each with a flush.
func pack(t testing.TB, pieces [][]byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	for _, piece := range pieces {
		w.Write(piece)
		w.Flush()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// FuzzPage: whatever a page is, and however it comes, it is the same but for
// one tag, at a place that depends on the page alone, where a browser runs it
// without building another page than before.
func FuzzPage(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzPage.txtar")
	for _, page := range []string{
		"<!doctype html><html lang=en><head><meta charset=utf-8><title>x</title></head><body><p>x</body></html>",
		"<!-- <head> --><script>'<body>'</script><head>",
		"<html><header>x</header><body><table><tr><td><head></table>",
		"text < text <3 text</ text <b>bold</b>",
		"<html><frameset><frame></frameset></html>",
		"<body/><![CDATA[ <head> ]]><textarea><head></textarea>",
		"</p><html a='>' b=\"<head>\"><!DOCTYPE x [ <!ENTITY> ]><head/>",
		"\ufeff\r\n<!doctype html>\r\n<svg><head></svg>",
		"<html><!--> --><head><!--->",
	} {
		f.Add([]byte(page), []byte{0}, uint16(0))
		f.Add([]byte(page), []byte{3, 1, 200}, uint16(300))
	}
	f.Fuzz(checkPage)
}

// TestFragments tries pages made of what could fool it.
func TestFragments(t *testing.T) {
	fragments := []string{
		"<!doctype html>", "<html>", "<HTML lang='>'>", "<head>", "<HEAD a=\"</head>\" >", "<head", "</head>", "<header>", "<he", "<", "</", ">", "--", "!",
		"<!-- <head> -->", "<!--", "-->", "<!-->", "--!>", "<![CDATA[", "]]>", "<?xml <head> ?>", "<script>", "'<body>'", "</script>", "<title>", "</title>",
		"<body>", "</body>", "<p>", "text", " ", "\n", "\x00", "\ufeff", "<br/>", "<frameset>", "<template>", "<table>", "<svg>", "<html ", "a='", "b=\"", "'", "\"", "=", "/",
	}
	seed := int64(1)
	if os.Getenv("DEVLOOP_PAGES") != "" { // by hand: other ones each time
		seed = time.Now().UnixNano()
	}
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewSource(seed))
	for range testenv.Count(t, "DEVLOOP_PAGES", 300, 10_000) {
		var page []byte
		for range 1 + r.Intn(10) {
			page = append(page, fragments[r.Intn(len(fragments))]...)
		}
		checkPage(t, page, []byte{byte(r.Intn(4)), byte(r.Intn(20))}, uint16(r.Intn(1000)))
	}
}

// checkPage sends one page through in many ways. sizes are those of the pieces
// that it comes in.
func checkPage(t *testing.T, page, sizes []byte, padding uint16) {
	if bytes.Contains(page, []byte("/_devloop/")) {
		return
	}
	if at := bytes.IndexByte(page, 'P'); at >= 0 { // a long attribute, comment or text
		page = bytes.Join([][]byte{page[:at], page[at+1:]}, bytes.Repeat([]byte("p"), int(padding)%8000))
	}
	whole, err := through(t, [][]byte{page}, io.EOF, false, 32<<10)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(whole, fuzzTag) > 1 || strings.Replace(whole, fuzzTag, "", 1) != string(page) {
		t.Fatalf("got %q", whole)
	}
	if got, err := through(t, cut(page, sizes), io.EOF, false, 7); err != nil || got != whole {
		t.Fatalf("in pieces: got %q, %v\nwant %q", got, err, whole)
	}
	packed := pack(t, cut(page, sizes))
	if got, err := through(t, cut(packed, sizes), io.EOF, true, 1000); err != nil || got != whole {
		t.Fatalf("packed: got %q, %v\nwant %q", got, err, whole)
	}
	// What was cut off is no whole page.
	broken := packed[:int(padding)%len(packed)]
	if got, err := through(t, cut(broken, sizes), io.EOF, true, 1000); err == nil && len(broken) > 0 {
		t.Fatalf("cut off: got %q", got)
	}
	lost := errors.New("lost")
	if _, err := through(t, cut(page, sizes), lost, false, 1000); err != lost {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(whole, fuzzTag) {
		checkTree(t, string(page), whole)
	}
}

// checkTree wants the tag to be a script in the head, unless there is text
// before it, and the rest of the tree as it was, but for the places of comments
// and white space.
func checkTree(t *testing.T, before, after string) {
	was, err1 := html.Parse(strings.NewReader(before))
	is, err2 := html.Parse(strings.NewReader(after))
	if err1 != nil || err2 != nil {
		return // nested too deep
	}
	var tag *html.Node
	for n := range is.Descendants() {
		if n.Type == html.ElementNode && n.Data == "script" && len(n.Attr) == 3 && n.Attr[1].Val == "fuzz" {
			tag = n
		}
	}
	if tag == nil && strings.Contains(after, "<frameset>") && textBefore(after) {
		return // which replaces all before it
	}
	if tag == nil {
		t.Fatalf("no element: %q", after)
	}
	if tag.Parent.Data != "head" && !textBefore(after) {
		t.Fatalf("in %s: %q", tag.Parent.Data, after)
	}
	tag.Parent.RemoveChild(tag)
	if a, b := render(was), render(is); a != b {
		t.Fatalf("%q\nwas %q\nis  %q", after, a, b)
	}
}

func textBefore(page string) bool {
	before, _, _ := strings.Cut(page, fuzzTag)
	z := html.NewTokenizer(strings.NewReader(before))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return false
		case html.TextToken:
			if strings.Trim(string(z.Raw()), " \t\r\n\f") != "" {
				return true
			}
		}
	}
}

func render(tree *html.Node) string {
	var comments []*html.Node
	for n := range tree.Descendants() {
		if n.Type == html.CommentNode {
			comments = append(comments, n)
		}
	}
	for _, n := range comments {
		n.Parent.RemoveChild(n)
	}
	var b strings.Builder
	if err := html.Render(&b, tree); err != nil {
		return "cannot be rendered"
	}
	return strings.Join(strings.Fields(b.String()), "")
}

package inject

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// pieceSize is how much of a page is looked at at a time, in bytes.
const pieceSize = 4 << 10

// A page is a page's body with the script's tag. What has come of it is passed on at once, but for up to
// six bytes at the end ("</head") that may be the beginning of the tag that the script comes before.
type page struct {
	body io.ReadCloser
	src  io.Reader // body, unpacked
	tag  string
	note func(why string) // told what is in the way

	look  *finder // nil: the place is found, or there is none
	seen  int     // bytes behind the place that were searched for a policy
	piece []byte  // what was read last, behind held
	held  []byte  // read, and not passed on
	out   []byte  // to be passed on next
	err   error   // how src has ended; nil: it has not
}

func newPage(body io.ReadCloser, packed bool, tag string, note func(why string)) *page {
	p := &page{body: body, src: body, tag: tag, note: note, look: newFinder()}
	if packed {
		p.src = &unpacker{packed: body}
	}
	return p
}

// Close is the body's.
func (p *page) Close() error {
	p.endSearch()
	return p.body.Close()
}

// endSearch may be called again.
func (p *page) endSearch() {
	if p.look != nil {
		p.look.end()
		p.look = nil
	}
}

func (p *page) Read(b []byte) (int, error) {
	for len(p.out) == 0 {
		switch {
		case p.err != nil:
			return 0, p.err
		case p.look == nil:
			n, err := p.src.Read(b)
			p.findPolicy(b[:n])
			return n, err
		}
		p.search()
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}

// search reads the next piece, and passes on what can be.
func (p *page) search() {
	if p.piece == nil {
		p.piece = make([]byte, pieceSize)
	}
	kept := copy(p.piece, p.held)
	n, err := p.src.Read(p.piece[kept:min(pieceSize, kept+p.look.left())])
	p.err = err
	p.held = p.piece[:kept+n]
	pass, found, over := p.look.take(p.held, n)
	p.out, p.held = p.held[:pass], p.held[pass:]
	switch {
	case found:
		p.findPolicy(p.held)
		p.out = slices.Concat(p.out, []byte(p.tag), p.held)
	case over, p.look.left() == 0:
		p.seen = searchLimit
		why := noPlace
		if over {
			why = inUTF16
		}
		p.note(why)
		p.out = p.piece[:kept+n]
	case err == io.EOF && p.look.takesAtEnd(p.held):
		p.out = append(p.out, p.tag...)
	case err != nil:
		p.out = p.piece[:kept+n]
	default:
		return
	}
	p.held = nil
	p.endSearch()
}

// findPolicy looks for a policy in a <meta> that forbids the script's connection. It may miss one that comes in
// pieces: this is only for advice.
func (p *page) findPolicy(piece []byte) {
	if p.seen >= searchLimit {
		return
	}
	p.seen += len(piece)
	at := bytes.Index(piece, []byte("ecurity-"))
	if at < 0 {
		at = bytes.Index(piece, []byte("ECURITY-"))
	}
	if at < 0 {
		return
	}
	z := html.NewTokenizer(bytes.NewReader(piece[max(0, bytes.LastIndexByte(piece[:at], '<')):]))
	if z.Next(); metaForbids(z.Token()) {
		p.note(inMeta)
	}
}

// metaForbids recognises a policy that forbids to connect to the page's own origin.
func metaForbids(tag html.Token) bool {
	attributes := map[string]string{}
	for _, a := range tag.Attr {
		attributes[a.Key] = a.Val
	}
	if tag.Data != "meta" || !strings.EqualFold(attributes["http-equiv"], "content-security-policy") {
		return false
	}
	for policy := range policies([]string{attributes["content"]}) {
		if at, sources := policy.find("connect-src", "default-src"); at >= 0 && !contains(sources, "'self'") && !contains(sources, "*") {
			return true
		}
	}
	return false
}

// An unpacker reads gzip, as browsers do: what follows the end is ignored, and so is an empty body.
type unpacker struct {
	packed io.Reader
	zip    *gzip.Reader // nil: nothing was read
	ended  bool
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.ended {
		return u.rest()
	}
	if u.zip == nil {
		zip, err := gzip.NewReader(u.packed)
		if err != nil {
			return 0, err // io.EOF if there is nothing
		}
		u.zip = zip
	}
	n, err := u.zip.Read(p)
	if !errors.Is(err, gzip.ErrHeader) {
		return n, err
	}
	u.ended = true
	if n > 0 {
		return n, nil
	}
	return u.rest()
}

// rest reads what is ignored.
func (u *unpacker) rest() (int, error) {
	if _, err := io.Copy(io.Discard, u.packed); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

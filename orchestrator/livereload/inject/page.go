package inject

import (
	"compress/gzip"
	"errors"
	"io"
)

// pieceSize is how much of a page is looked at at a time, in bytes.
const pieceSize = 4 << 10

// A page is a page's body with the script's tag. What has come of it is passed on at once, but for up to
// six bytes at the end that may be the beginning of the tag that the script comes before.
type page struct {
	body io.ReadCloser
	src  io.Reader // body, unpacked
	tag  string
	none func(why string) // called if there is no place for the tag, though there should be

	look *finder // nil: the place is found, or there is none
	held []byte  // read, and not passed on
	out  []byte  // to be passed on next
	err  error   // how src has ended; nil: it has not
}

func newPage(body io.ReadCloser, packed bool, tag string, none func(why string)) *page {
	p := &page{body: body, src: body, tag: tag, none: none, look: newFinder()}
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
			return p.src.Read(b)
		}
		p.search()
	}
	n := copy(b, p.out)
	p.out = p.out[n:]
	return n, nil
}

// search reads the next piece, and passes on what can be.
func (p *page) search() {
	piece := make([]byte, min(pieceSize, p.look.left()))
	n, err := p.src.Read(piece)
	p.err = err
	p.held = append(p.held, piece[:n]...)
	pass, found, over := p.look.take(p.held, n)
	p.out = append(p.out, p.held[:pass]...)
	p.held = p.held[pass:]
	full := p.look.left() == 0
	switch {
	case found:
		p.out = append(p.out, p.tag...)
	case over:
		p.none(inUTF16)
	case full:
		p.none(noPlace)
	}
	if found || over || full || err != nil {
		p.out = append(p.out, p.held...)
		p.held = nil
		p.endSearch()
	}
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

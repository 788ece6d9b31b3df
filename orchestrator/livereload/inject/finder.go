package inject

import (
	"bytes"
	"io"
	"iter"
	"strings"

	"golang.org/x/net/html"
)

// searchLimit is how much of a page is searched for the place of the tag, in bytes.
const searchLimit = 64 << 10

// A finder finds the place for a tag in a page that comes in pieces: behind the head's start tag, or before
// the first other tag that builds something, whichever is first. Where the page is cut does not matter.
//
// The tokenizer wants a reader, so it runs as a coroutine that goes on when there is a piece to read.
type finder struct {
	next func() (place int, ok bool)
	end  func() // of the search

	piece []byte // what the tokenizer has not read of the last piece
	read  int    // bytes of the page, with the last piece
	start int    // where the token begins that the tokenizer reads
	text  bool   // that token is text, or has not begun
}

func newFinder() *finder {
	f := &finder{}
	f.next, f.end = iter.Pull(f.places)
	return f
}

// left is how much may still be taken.
func (f *finder) left() int { return searchLimit - f.read }

// take takes the page's next piece, which is the end of held: all that was read and is not passed on. It
// tells how much of that can be passed on. found: the tag's place is behind that; over: the page has none.
func (f *finder) take(held []byte, piece int) (pass int, found, over bool) {
	f.piece = held[len(held)-len(f.piece)-piece:]
	f.read += piece
	before := f.read - len(held) // what was passed on
	if before == 0 && len(held) > 0 && held[0] >= 0xfe {
		if len(held) == 1 {
			return 0, false, false
		}
		if held[0]^held[1] == 1 { // UTF-16 says so with its first bytes
			return len(held), false, true
		}
	}
	place, ok := f.next()
	if ok && place >= 0 {
		return place - before, true, false
	}
	if start := f.start - before; start >= 0 {
		f.text = start == len(held) || held[start] != '<'
		switch begin(held[start:]) {
		case aTag:
			return start, true, false
		case undecided:
			return start, false, false
		}
	}
	// Inside a text, a comment, or attributes; the next token may have begun.
	return len(bytes.TrimSuffix(held, []byte("<"))), false, false
}

// takesAtEnd tells whether a page that has ended without a place for the tag has one behind its last byte: there is nothing
// that is not finished. held is what was not passed on of it.
func (f *finder) takesAtEnd(held []byte) bool { return f.text && f.read > 0 && len(held) == 0 }

// A beginning is what the first bytes of a token say.
type beginning int

const (
	undecided beginning = iota
	aTag                // the script's tag comes before it
	noTag               // it does not
)

func begin(token []byte) beginning {
	if len(token) == 0 {
		return undecided
	}
	name, tag := bytes.CutPrefix(token, []byte("<"))
	if !tag {
		return noTag
	}
	if end, isEnd := bytes.CutPrefix(name, []byte("/")); isEnd {
		return named(end, noTag, aTag, "html", "head", "body", "br")
	}
	return named(name, aTag, noTag, "html", "head")
}

// named is what a tag is by its name: one of the names, or another one.
func named(tag []byte, other, known beginning, names ...string) beginning {
	if len(tag) == 0 {
		return undecided
	}
	if !isLetter(tag[0]) {
		return noTag // a comment, or text
	}
	is := other
	for _, name := range names {
		n := min(len(tag), len(name))
		switch {
		case !strings.EqualFold(string(tag[:n]), name[:n]):
		case n == len(tag):
			return undecided
		case bytes.IndexByte([]byte(" \t\n\r\f/>"), tag[n]) >= 0:
			is = known
		}
	}
	return is
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// places yields the tag's place, or -1 when the tokenizer needs more of the page.
func (f *finder) places(yield func(int) bool) {
	z := html.NewTokenizer(readFunc(func(p []byte) (int, error) {
		for len(f.piece) == 0 {
			if !yield(-1) {
				return 0, io.EOF
			}
		}
		n := copy(p, f.piece)
		f.piece = f.piece[n:]
		return n, nil
	}))
	for {
		kind := z.Next()
		raw := z.Raw()
		switch kind {
		case html.ErrorToken: // end was called
			return
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			if begin(raw) == aTag {
				yield(f.start)
				return
			}
			if name, _ := z.TagName(); kind != html.EndTagToken && string(name) == "head" {
				yield(f.start + len(raw))
				return
			}
		}
		f.start += len(raw)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

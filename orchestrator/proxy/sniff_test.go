package proxy

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"

	"devloop/orchestrator/test/testenv"
)

func TestSniff(t *testing.T) {
	const accept = "Host: x\r\nAccept: text/html\r\n"
	for _, c := range []struct {
		text string
		want verdict
	}{
		{"", more},
		{"G", more},
		{"GET", more},
		{"GE ", hold},
		{"GET / HTTP/1.1\r\n" + accept, more},
		{"GET / HTTP/1.1\r\n" + accept + "\r\n", showPage},
		{"GET / HTTP/1.0\r\n" + accept + "\r\n", showPage},
		{navigation, showPage},
		{navigation + "x", hold},
		{navigation + navigation, hold},
		{"GET / HTTP/1.1\r\n" + accept + "Sec-Fetch-Mode: cors\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\n" + accept + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\n" + accept + "Content-Length: 1\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\n" + accept + "Transfer-Encoding: chunked\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\n" + accept + "Expect: 100-continue\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html;q=0, application/json\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nDevloop-Page: news\r\n\r\n", showPage},
		{"GET nonsense\r\n\r\n", hold},
		{"GET / HTTP/1.1\r\nX: " + strings.Repeat("x", headLimit), hold},
		{"HEAD / HTTP/1.1\r\n" + accept + "\r\n", hold},
		{"HEAD / HTTP/1.1\r\nHost: x\r\nDevloop-Page: wait\r\n\r\n", holdOurs},
		{"POST / HTTP/1.1\r\n" + accept + "\r\n", hold},
		{"get / HTTP/1.1\r\n" + accept + "\r\n", hold},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", hold},
		{"\x16\x03\x01", hold},
		{"SSH-2.0-x\r\n", hold},
	} {
		if got, req := sniff([]byte(c.text)); got != c.want || (req != nil) != (got == showPage) {
			t.Errorf("%.60q: got %d, want %d", c.text, got, c.want)
		}
	}
}

// FuzzSniff: only what is one whole request for a page, by the book, is ever
// answered, however it was cut up on its way; and what is decided stays so.
func FuzzSniff(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzSniff.txtar")
	f.Add([]byte(navigation))
	f.Add([]byte("HEAD / HTTP/1.1\r\nHost: x\r\nDevloop-Page: wait\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nContent-Length: 0\r\n\r\n"))
	f.Add([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		whole, req := sniff(b)
		if !bytes.Equal(b, before) {
			t.Fatal("the bytes were touched")
		}
		if whole == showPage {
			r := bufio.NewReader(bytes.NewReader(b))
			again, err := http.ReadRequest(r)
			if err != nil || again.Method != http.MethodGet || again.ContentLength != 0 || r.Buffered() != 0 || req == nil {
				t.Fatalf("a page for %q: %v", b, err)
			}
		}
		for i := range b[:min(len(b), 200)] {
			if v, _ := sniff(b[:i]); v == hold && (whole == showPage || whole == more) {
				t.Fatalf("%q was the server's, and with more of it is not: %d", b[:i], whole)
			} else if v == showPage && whole == showPage && i < len(b) {
				t.Fatalf("a page for %q, and for more of it", b[:i])
			}
		}
	})
}

package inject

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/proxy"
)

// BenchmarkPages asks for a page and for the same as a script does, with the
// script put into pages and without, one request at a time in turn, so that all
// see the same machine; it tells each one's median.
func BenchmarkPages(b *testing.B) {
	page := []byte("<!doctype html><html><head><title>All is well</title></head><body>" + strings.Repeat("All is well, and has been so for a while. ", 22))
	server := backend(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(page)
	})
	start := func(opt proxy.Options) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		opt.Name, opt.HTTP = "web", true
		f := proxy.New(l, opt)
		f.Serve(3, server)
		b.Cleanup(func() { _ = f.Close() })
		return l.Addr().String()
	}
	off, on := start(proxy.Options{}), start(proxy.Options{Pages: injector(nil).Request})
	ways := []struct{ name, addr, header string }{
		{"direct", server, ""},
		{"off", off, ""},
		{"on", on, ""},
		{"off-page", off, document + "\r\n"},
		{"on-page", on, document + "\r\n"},
	}
	times, conns, readers := make([][]time.Duration, len(ways)), make([]net.Conn, len(ways)), make([]*bufio.Reader, len(ways))
	for i, way := range ways {
		conn, err := net.Dial("tcp", way.addr)
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conns[i], readers[i] = conn, bufio.NewReader(conn)
	}
	for b.Loop() {
		for i, way := range ways {
			began := time.Now()
			if _, err := fmt.Fprintf(conns[i], "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\n%s\r\n", way.header); err != nil {
				b.Fatal(err)
			}
			res, err := http.ReadResponse(readers[i], nil)
			if err != nil {
				b.Fatal(err)
			}
			n, err := io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if more := n > int64(len(page)); err != nil || more != (way.name == "on-page") {
				b.Fatalf("%s: got %d bytes, %v", way.name, n, err)
			}
			times[i] = append(times[i], time.Since(began))
		}
	}
	b.ReportMetric(0, "ns/op") // of all together: means nothing
	for i, way := range ways {
		slices.Sort(times[i])
		b.ReportMetric(float64(times[i][len(times[i])/2].Nanoseconds())/1e6, way.name+"-p50-ms")
	}
}

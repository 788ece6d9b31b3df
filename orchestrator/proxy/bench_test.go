package proxy

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"
)

// The ways to one server, all measured in one run: to it without a proxy,
// through httputil.ReverseProxy as it comes and with a pool that fits, through a
// front, and through nginx where it is installed.
func ways(b *testing.B, server string) []struct{ name, url string } {
	plain := func(transport http.RoundTripper) string {
		target, _ := url.Parse("http://" + server)
		reverse := httputil.NewSingleHostReverseProxy(target)
		reverse.Transport = transport
		reverse.ErrorLog = log.New(io.Discard, "", 0)
		return "http://" + serve(b, reverse).addr
	}
	pool := http.DefaultTransport.(*http.Transport).Clone()
	pool.MaxIdleConnsPerHost, pool.MaxIdleConns = 1000, 1000
	b.Cleanup(pool.CloseIdleConnections)
	f, front := front(b, Options{HTTP: true})
	f.Serve(1, server)
	all := []struct{ name, url string }{
		{"direct", "http://" + server},
		{"httputil", plain(nil)},
		{"httputil-pooled", plain(pool)},
		{"front", front},
	}
	if url := nginx(b, server); url != "" {
		all = append(all, struct{ name, url string }{"nginx", url})
	}
	return all
}

// nginx starts one before the server, with connections that are kept.
func nginx(b *testing.B, server string) string {
	program, err := exec.LookPath("nginx")
	if err != nil {
		return ""
	}
	port, err := FreePort()
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	config := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; worker_processes auto; pid %[1]s/pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
upstream u { server %[2]s; keepalive 256; }
server { listen 127.0.0.1:%[3]d; keepalive_requests 1000000; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; } } }
`, dir, server, port)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, "-c", config, "-e", "/dev/null")
	if err := cmd.Start(); err != nil {
		b.Logf("nginx: %v", err)
		return ""
	}
	b.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	testenv.UntilTrue(b, "nginx accepts", func() bool {
		_, err := Accepting(context.Background(), port)
		return err == nil
	})
	return fmt.Sprintf("http://127.0.0.1:%d", port)
}

// BenchmarkLatency asks every way in turn, one request at a time, so that all
// see the same machine; it tells each one's median, and what it adds to direct.
func BenchmarkLatency(b *testing.B) {
	s := serve(b, sized(1024))
	all := ways(b, s.addr)
	c := client(b)
	times := make([][]time.Duration, len(all))
	for range 200 {
		for _, way := range all {
			get(b, c, way.url)
		}
	}
	for b.Loop() {
		for i, way := range all {
			start := time.Now()
			get(b, c, way.url)
			times[i] = append(times[i], time.Since(start))
		}
	}
	b.ReportMetric(0, "ns/op") // of all together: means nothing
	var direct float64
	for i, way := range all {
		slices.Sort(times[i])
		p50 := float64(times[i][len(times[i])/2].Nanoseconds()) / 1e6
		if i == 0 {
			direct = p50
		}
		b.ReportMetric(p50, way.name+"-p50-ms")
		b.ReportMetric(p50-direct, way.name+"-added-ms")
	}
}

// BenchmarkThroughput gives every way the same time in many short turns, so
// that what else the machine does falls on all of them; 16 clients.
func BenchmarkThroughput(b *testing.B) {
	for _, size := range []int{128, 16 << 10} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			s := serve(b, sized(size))
			all := ways(b, s.addr)
			const turn = 200 * time.Millisecond
			answered := make([]int64, len(all))
			rounds := 0
			for b.Loop() {
				rounds++
				for i, way := range all {
					answered[i] += hammer(b, way.url, 16, turn)
				}
			}
			b.ReportMetric(0, "ns/op")
			for i, way := range all {
				b.ReportMetric(float64(answered[i])/(turn.Seconds()*float64(rounds)), way.name+"-req/s")
			}
		})
	}
}

// hammer asks from n connections for a while; they are open before.
func hammer(b *testing.B, url string, n int, d time.Duration) int64 {
	var answered atomic.Int64
	ready, begin, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var stop atomic.Bool
	for range n {
		go func() {
			defer func() { done <- struct{}{} }()
			conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
			if err != nil {
				b.Error(err)
				ready <- struct{}{}
				return
			}
			defer conn.Close()
			ready <- struct{}{}
			<-begin
			request := []byte("GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n")
			r := newAnswerReader(conn)
			for !stop.Load() {
				if _, err := conn.Write(request); err != nil {
					b.Error(err)
					return
				}
				if err := r.next(); err != nil {
					b.Error(err)
					return
				}
				answered.Add(1)
			}
		}()
	}
	for range n {
		<-ready
	}
	timer := time.AfterFunc(d, func() { stop.Store(true) })
	defer timer.Stop()
	close(begin)
	for range n {
		<-done
	}
	return answered.Load()
}

// An answerReader reads answers that say their length, with little work: what
// the client does is taken from the same two cores.
type answerReader struct {
	conn net.Conn
	buf  []byte
}

func newAnswerReader(conn net.Conn) *answerReader {
	return &answerReader{conn: conn, buf: make([]byte, 64<<10)}
}

func (r *answerReader) next() error {
	n, want := 0, -1
	for want < 0 || n < want {
		k, err := r.conn.Read(r.buf[n:])
		if err != nil {
			return err
		}
		n += k
		if want >= 0 {
			continue
		}
		head := string(r.buf[:n])
		end := strings.Index(head, "\r\n\r\n")
		if end < 0 {
			continue
		}
		at := strings.Index(head[:end], "Content-Length: ")
		if at < 0 {
			return fmt.Errorf("an answer without a length: %q", head[:end])
		}
		var length int
		fmt.Sscanf(head[at:], "Content-Length: %d", &length)
		want = end + 4 + length
	}
	return nil
}

func sized(n int) http.Handler {
	content := []byte(strings.Repeat("x", n))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(n))
		w.Write(content)
	})
}

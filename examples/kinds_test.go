package examples_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/test/looptest"
	"devloop/orchestrator/test/testenv"
)

// serverEnv makes the test binary a server: it tells its name on every socket that it is given, whatever the kind.
const serverEnv = "DEVLOOP_EXAMPLES_SERVER"

// anyServer serves until SIGTERM: its name and pid, in HTTP on streams (over TLS if the name says so), and a datagram for
// each datagram.
func anyServer(name string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %d %s", name, os.Getpid(), r.Host)
	})
	var listeners []net.Listener
	count, _ := strconv.Atoi(os.Getenv("LISTEN_FDS")) //nolint:errcheck // none are 0
	for i := range count {
		f := os.NewFile(uintptr(3+i), "socket")
		l, err := net.FileListener(f)
		if err != nil { // no stream
			conn, err := net.FilePacketConn(f)
			if err != nil {
				return err
			}
			defer conn.Close() //nolint:errcheck // nothing is buffered
			go func() {
				buf := make([]byte, 1500)
				for {
					n, from, err := conn.ReadFrom(buf)
					if err != nil {
						return
					}
					_, _ = conn.WriteTo(fmt.Appendf(nil, "%s %d %s", name, os.Getpid(), buf[:n]), from) // nobody waits for it
				}
			}()
		} else {
			listeners = append(listeners, l)
		}
		f.Close()
	}
	if port := os.Getenv("PORT"); count == 0 && port != "" {
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	server := &http.Server{Handler: answer}
	failed := make(chan error, len(listeners))
	for i, l := range listeners {
		if strings.HasPrefix(name, "tls") {
			mine := httptest.NewUnstartedServer(nil) // for its certificate, which is good for 127.0.0.1 and ::1
			mine.StartTLS()
			l = tls.NewListener(l, &tls.Config{Certificates: mine.TLS.Certificates})
			listeners[i] = l
			mine.Close()
		}
		go func() { failed <- server.Serve(l) }()
	}
	select {
	case <-ctx.Done():
		// Shutdown does not know of a connection that Serve has accepted a moment ago. Serve does, when it has returned.
		for _, l := range listeners {
			l.Close()
		}
		for range listeners {
			<-failed
		}
		return server.Shutdown(context.Background())
	case err := <-failed:
		return err
	}
}

// project writes a devloop.yaml whose commands are this binary, and runs it.
func project(t *testing.T, text string) *looptest.Loop {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text = "version: 1\n" + strings.ReplaceAll(text, "SELF", strconv.Quote(self))
	if err := os.WriteFile(filepath.Join(dir, "devloop.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return start(t, dir)
}

// until asks until there is an answer that fits: before devloop has bound its sockets there is nothing to ask.
func until(t *testing.T, l *looptest.Loop, ask func() (string, error), fits func(string) bool) string {
	t.Helper()
	timeout := time.NewTimer(looptest.Patience)
	defer timeout.Stop()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		text, err := ask()
		if err == nil && fits(text) {
			return text
		}
		select {
		case <-pause.C:
		case <-l.Ended:
			t.Fatalf("devloop ended by itself: %v", l.Err)
		case <-timeout.C:
			t.Fatalf("still %q, %v", text, err)
		}
	}
}

func anything(string) bool { return true }

// over gets a page with a client that dials in its own way.
func over(url string, config *tls.Config, dial func() (net.Conn, error)) func() (string, error) {
	return func() (string, error) {
		tr := &http.Transport{DisableKeepAlives: true, TLSClientConfig: config}
		if dial != nil {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return dial() }
		}
		return looptest.GetBy(&http.Client{Transport: tr, Timeout: looptest.Patience}, url)
	}
}

// pidIn returns the pid that an answer tells.
func pidIn(t *testing.T, answer string) string {
	t.Helper()
	fields := strings.Fields(answer)
	if len(fields) < 2 {
		t.Fatalf("no pid in %q", answer)
	}
	return fields[1]
}

// A process has a tcp, a unix, an IPv6 and a udp socket at once, and gets each back at a restart: nobody who asks
// afterwards, on any of them, is refused.
func TestSeveralKinds(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("sockets are handed over on Unix only")
	}
	loopback, err := net.Listen("tcp", "[::1]:0")
	testenv.Need(t, "ipv6", err == nil)
	loopback.Close()
	port, six, udp := testenv.FreePort(), testenv.FreePort(), testenv.FreePort()
	l := project(t, `
sockets:
  web: http::`+port+`
  local: unix::s.sock
  six: "http::[::1]:`+six+`"
  talk: udp::`+udp+`
processes:
  server:
    run: [SELF]
    env: {`+serverEnv+`: all}
    sockets: [web, local, six, talk]
`)
	path := filepath.Join(l.Cmd.Dir, "s.sock")
	kinds := map[string]func() (string, error){
		"tcp":  over("http://127.0.0.1:"+port, nil, nil),
		"ipv6": over("http://[::1]:"+six, nil, nil),
		"unix": over("http://local", nil, func() (net.Conn, error) { return net.Dial("unix", path) }),
		"udp":  func() (string, error) { return datagram("127.0.0.1:" + udp) },
	}
	pids := map[string]bool{}
	for _, ask := range kinds {
		pids[pidIn(t, until(t, l, ask, anything))] = true
	}
	if len(pids) != 1 {
		t.Fatalf("answers from %v", pids)
	}
	l.Verb(t, "restart", "server")
	for _, kind := range []string{"tcp", "unix", "ipv6", "udp"} {
		ask := kinds[kind]
		if kind == "udp" {
			l.Verb(t, "wait") // what an old one has read when it ends is lost, as udp allows
		}
		text, err := ask() // once: it waits in the socket if nobody is there yet
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		} else if pids[pidIn(t, text)] {
			// The old one may answer only as long as it drains; afterwards it is the new one.
			until(t, l, ask, func(text string) bool { return !pids[pidIn(t, text)] })
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the unix socket: %v, %v", info, err)
	}
	l.Ends(t)
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unix socket is left behind: %v", err)
	}
}

// datagram asks once, and waits as long as anything here.
func datagram(address string) (string, error) {
	conn, err := net.Dial("udp", address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(looptest.Patience)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte("hello")); err != nil {
		return "", err
	}
	buf := make([]byte, 1500)
	n, err := conn.Read(buf)
	return string(buf[:n]), err
}

// Two processes accept on one socket. While one of them is down the other answers; alone it answers all.
func TestSharedSocket(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("sockets are handed over on Unix only")
	}
	port := testenv.FreePort()
	l := project(t, `
sockets:
  web: http::`+port+`
processes:
  one:
    run: [SELF]
    env: {`+serverEnv+`: one}
    sockets: [web]
  two:
    run: [SELF]
    env: {`+serverEnv+`: two}
    sockets: [web]
`)
	ask := over("http://127.0.0.1:"+port, nil, nil)
	from := func(name string) func(string) bool {
		return func(text string) bool { return strings.HasPrefix(text, name+" ") }
	}
	until(t, l, ask, anything)
	l.Verb(t, "wait")
	for _, down := range []string{"one", "two"} {
		other := map[string]string{"one": "two", "two": "one"}[down]
		l.Verb(t, "stop", down)
		l.Verb(t, "wait") // until it is gone: it may accept a while longer
		until(t, l, ask, from(other))
		for range 20 {
			if text, err := ask(); err != nil || !from(other)(text) {
				t.Errorf("while %s is stopped: %q, %v", down, text, err)
			}
		}
		l.Verb(t, "start", down)
		l.Verb(t, "wait")
		until(t, l, ask, from(down))
	}
	l.Ends(t)
}

// TLS passes through to the server, whether it inherits the socket or is behind the proxy: the certificate is its own.
func TestTLS(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("sockets are handed over on Unix only")
	}
	mine := httptest.NewTLSServer(nil)
	roots := x509.NewCertPool()
	roots.AddCert(mine.Certificate())
	mine.Close()
	for _, via := range []string{"inherit", "proxy"} {
		t.Run(via, func(t *testing.T) {
			port := testenv.FreePort()
			l := project(t, `
sockets:
  web: {listen: "https::`+port+`", via: `+via+`}
processes:
  server:
    run: [SELF]
    env: {`+serverEnv+`: tls}
    sockets: [web]
`)
			ask := over("https://127.0.0.1:"+port, &tls.Config{RootCAs: roots}, nil)
			old := pidIn(t, until(t, l, ask, anything))
			l.Verb(t, "restart", "server")
			l.Verb(t, "wait")
			text, err := ask()
			if err != nil || pidIn(t, text) == old || !strings.HasSuffix(text, " 127.0.0.1:"+port) {
				t.Errorf("after a restart of %s: %q, %v", old, text, err)
			}
			l.Ends(t)
		})
	}
}

// Vite tells the browser what changed through a WebSocket. It lives behind the proxy, and a browser gets a new one when
// Vite was restarted.
func TestViteWebSocket(t *testing.T) {
	t.Parallel()
	var vite example
	for _, ex := range examples {
		if ex.name == "node-vite" {
			vite = ex
		}
	}
	dir := vite.prepare(t)
	l := start(t, dir)
	l.Shows(t, vite.old)
	l.Verb(t, "wait")
	for round := range 2 {
		conn, messages := hot(t, l)
		if first := nextText(t, messages); !strings.Contains(first, `"connected"`) {
			t.Fatalf("Vite greets with %q", first)
		}
		if _, err := looptest.Get(l.URL + "src/main.js"); err != nil { // what nobody has asked for is no news
			t.Fatal(err)
		}
		rewrite(t, filepath.Join(dir, "src", "main.js"), func(text string) string {
			return text + "\n// round " + strconv.Itoa(round) + "\n"
		})
		for { // a ping may come first
			if text := nextText(t, messages); strings.Contains(text, `"update"`) || strings.Contains(text, `"full-reload"`) {
				break
			}
		}
		l.Verb(t, "restart", "vite")
		l.Verb(t, "wait")
		conn.Close()
	}
	l.Interrupt(t)
}

// hot opens Vite's WebSocket as its client in the browser does.
func hot(t *testing.T, l *looptest.Loop) (net.Conn, *bufio.Reader) {
	t.Helper()
	script, err := looptest.Get(l.URL + "@vite/client")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(script, `const wsToken = "`)
	token, _, closed := strings.Cut(rest, `"`)
	if !ok || !closed {
		t.Fatalf("no token in Vite's client:\n%.2000s", script)
	}
	host := strings.Trim(strings.TrimPrefix(l.URL, "http:"), "/") // such as 127.0.0.1:3000
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) //nolint:errcheck // closed before, if all went well
	if err := conn.SetDeadline(time.Now().Add(looptest.Patience)); err != nil {
		t.Fatal(err)
	}
	// The key is RFC 6455's own example.
	fmt.Fprintf(conn, "GET /?token=%s HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: vite-hmr\r\n\r\n", token, host, host)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("the upgrade got %s %v", res.Status, res.Header)
	}
	return conn, r
}

// nextText reads the next frame of text: a server's frames are not masked (RFC 6455, section 5.2).
func nextText(t *testing.T, r *bufio.Reader) string {
	t.Helper()
	for {
		head := make([]byte, 2)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatalf("read WebSocket: %v", err)
		}
		length := int(head[1] & 0x7f)
		if length == 126 {
			more := make([]byte, 2)
			if _, err := io.ReadFull(r, more); err != nil {
				t.Fatalf("read WebSocket: %v", err)
			}
			length = int(more[0])<<8 | int(more[1])
		} else if length == 127 {
			t.Fatal("a frame of more than 64 KiB")
		}
		payload := make([]byte, length)
		if _, err := io.ReadFull(r, payload); err != nil {
			t.Fatalf("read WebSocket: %v", err)
		}
		if head[0]&0x0f == 1 {
			return string(payload)
		}
	}
}

package swapping

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The environment of a server.
const (
	directorEnv = "DEVBENCH_DIRECTOR" // the director's socket; none: nobody directs it
	delayEnv    = "DEVBENCH_DELAY"    // of an answer
	portEnv     = "DEVBENCH_PORT"     // bound instead of PORT
)

// versionHeader tells which version answered.
const versionHeader = "X-Version"

// server is the measured server: it takes the socket that it is given, or
// $PORT, and drains on SIGTERM.
func server() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	delay, err := time.ParseDuration(os.Getenv(delayEnv))
	if err != nil {
		return fmt.Errorf("read %s: %w", delayEnv, err)
	}
	version, mode, directed, err := report()
	if err != nil {
		return err
	}
	switch mode {
	case crash:
		return errors.New("this version crashes")
	case hang:
		<-ctx.Done()
		return nil
	}
	l, err := take()
	if err != nil {
		return err
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the client is gone
		}
		if delay > 0 {
			timer := time.NewTimer(delay)
			defer timer.Stop()
			<-timer.C
		}
		kind := "text/plain"
		if r.URL.Path == "/page" {
			kind = "text/html"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set(versionHeader, strconv.Itoa(version))
		_, _ = w.Write(page) // a client that is gone is not told of it
	})
	return serve(ctx, l, handler, func() error {
		if directed != nil {
			if _, err := fmt.Fprintln(directed, "ready"); err != nil {
				return err
			}
		}
		return notify("READY=1")
	})
}

var page = []byte("<!doctype html><html><head><title>All is well</title></head><body>" + strings.Repeat("All is well, and has been so for a while. ", 22)) // about 1 KB

// report tells the director of the start, and returns what it says. The process
// ends when the director does.
func report() (version int, mode string, conn net.Conn, err error) {
	path := os.Getenv(directorEnv)
	if path == "" {
		return 0, good, nil, nil
	}
	if conn, err = net.Dial("unix", path); err != nil {
		return 0, "", nil, err
	}
	if _, err := fmt.Fprintf(conn, "start %d\n", os.Getpid()); err != nil {
		return 0, "", nil, err
	}
	r := bufio.NewReader(conn)
	if _, err := fmt.Fscan(r, &version, &mode); err != nil {
		return 0, "", nil, fmt.Errorf("ask the director: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, r) // its end is what counts
		os.Exit(3)                    //nolint:forbidigo // the program's end is what this is for
	}()
	return version, mode, conn, nil
}

// take returns the listener that was passed, or binds the port that was given.
func take() (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") != "" {
		f := os.NewFile(3, "listener")
		defer f.Close()
		return net.FileListener(f)
	}
	port := os.Getenv(portEnv)
	if port == "" {
		port = os.Getenv("PORT")
	}
	return net.Listen("tcp", "127.0.0.1:"+port)
}

// notify is sd_notify(3), where somebody listens.
func notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	conn, err := net.Dial("unixgram", path)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}

// serve answers until ctx ends and drains then, as examples/go-http does: it
// accepts no more, answers what it has accepted, and ends.
func serve(ctx context.Context, l net.Listener, h http.Handler, ready func() error) error {
	var open sync.WaitGroup
	var unasked sync.Map // connections on which nothing has been asked
	s := &http.Server{Handler: h}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
			unasked.Store(c, nil)
		case http.StateActive:
			unasked.Delete(c)
		case http.StateClosed, http.StateHijacked:
			unasked.Delete(c)
			open.Done()
		}
	}
	context.AfterFunc(ctx, func() { l.Close() })
	if err := ready(); err != nil {
		return err
	}
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	s.SetKeepAlivesEnabled(false)
	time.AfterFunc(100*time.Millisecond, func() {
		unasked.Range(func(c, _ any) bool {
			c.(net.Conn).Close()
			return true
		})
	})
	time.AfterFunc(4*time.Second, func() { s.Close() })
	open.Wait()
	return nil
}

// late becomes the command when the director says so: a server with a start of
// any length, whatever it is written in.
func late(command []string) error {
	if len(command) == 0 {
		return errors.New("usage: __late COMMAND…")
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	conn, err := net.Dial("unix", os.Getenv(directorEnv))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "start %d\n", os.Getpid()); err != nil {
		return err
	}
	var version int
	var mode string
	if _, err := fmt.Fscan(conn, &version, &mode); err != nil {
		return fmt.Errorf("ask the director: %w", err)
	}
	return syscall.Exec(program, command, append(os.Environ(), directorEnv+"="))
}

// reverseProxy is what the standard library's proxy costs: PORT TARGET.
func reverseProxy(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: __reverseproxy PORT TARGET")
	}
	target, err := url.Parse(args[1])
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	l, err := net.Listen("tcp", "127.0.0.1:"+args[0])
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		// With the default of 2 most requests would make a connection.
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
	}
	return serve(ctx, l, proxy, func() error { return nil })
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestField runs what people run into with tools of this kind, a script a case,
// on the real command line. A script begins with comment lines that say what
// devloop does; they are logged when the script has shown it, and
// `.ci/field` prints them.
func TestField(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join("testdata", "field", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		promise, err := promiseOf(script)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			t.Parallel()
			requireTools(t, script)
			t.Cleanup(func() {
				if !t.Failed() && !t.Skipped() {
					t.Logf("shown: %s", promise)
				}
			})
			params := scriptParams("field")
			params.Dir, params.Files = "", []string{script}
			testscript.Run(t, params)
		})
	}
}

// unmount ends the file systems that a script has mounted and, because it failed, not
// unmounted: nobody could remove its directory while one of them hangs.
func unmount(dir string) {
	mounts, _ := os.ReadFile("/proc/mounts") // only Linux has such scripts
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[1], dir+"/") {
			continue
		}
		if text, err := os.ReadFile(filepath.Join(dir, "pid")); err == nil {
			_ = exec.Command("kill", "-KILL", strings.TrimSpace(string(text))).Run() // whoever waits for it gets an error
		}
		_ = exec.Command("fusermount3", "-uz", fields[1]).Run()
	}
}

// needed is a program without which a script skips itself.
var needed = regexp.MustCompile(`(?m)^\[!exec:([^]]+)\]`)

// requireTools fails, where DEVLOOP_REQUIRE says so, instead of a script that would skip itself.
func requireTools(t *testing.T, script string) {
	if os.Getenv("DEVLOOP_REQUIRE") == "" {
		return
	}
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	for _, need := range needed.FindAllSubmatch(text, -1) {
		testenv.Program(t, string(need[1]))
	}
}

// promiseOf is what a script says in its first comment lines, in one line.
func promiseOf(script string) (string, error) {
	text, err := os.ReadFile(script)
	if err != nil {
		return "", err
	}
	var words []string
	for line := range strings.Lines(string(text)) {
		said, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(said)...)
	}
	if len(words) == 0 {
		return "", fmt.Errorf("%s: the first line must be a comment that says what devloop does", script)
	}
	return strings.Join(words, " "), nil
}

// scriptParams are those of the scripts in a directory of testdata. They find
// in their environment TAKEN, a port that somebody listens on, and FREE, one
// that nobody does.
func scriptParams(dir string) testscript.Params {
	return testscript.Params{
		Dir:  filepath.Join("testdata", dir),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"await": await, "get": get, "until": until},
		Condition: func(name string) (bool, error) {
			switch name {
			case "fuse": // a file system that a program answers for: bindfs
				_, err := os.Stat("/dev/fuse")
				_, noBindfs := exec.LookPath("bindfs")
				_, noMount := exec.LookPath("fusermount3")
				return err == nil && noBindfs == nil && noMount == nil, nil
			case "userns": // a user namespace of one's own, with its mounts and limits
				return exec.Command("unshare", "-Urm", "true").Run() == nil, nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Setup: func(env *testscript.Env) error {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Defer(func() { taken.Close() })
			_, port, _ := net.SplitHostPort(taken.Addr().String())
			env.Setenv("TAKEN", port)
			env.Defer(func() { unmount(env.WorkDir) })
			env.Setenv("FREE", testenv.FreePort())
			env.Setenv("CI", "")
			for name, dir := range map[string]string{"RUSTUP_HOME": ".rustup", "CARGO_HOME": ".cargo"} { // HOME is the script's own
				if home, err := os.UserHomeDir(); err == nil && os.Getenv(name) == "" {
					env.Setenv(name, filepath.Join(home, dir))
				} else {
					env.Setenv(name, os.Getenv(name))
				}
			}
			env.Setenv("DEVLOOP_RUNTIME_DIR", filepath.Join(env.WorkDir, ".run"))
			env.Setenv("XDG_STATE_HOME", filepath.Join(filepath.Dir(env.WorkDir), "state")) // not in the project
			return nil
		},
	}
}

// until PATTERN PROGRAM ARGS… runs a program, again and again, until what it
// prints on standard output has a match of the pattern.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN PROGRAM ARGS…")
	}
	pattern := regexp.MustCompile("(?m)" + args[0])
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	limit := time.After(30 * time.Second)
	for {
		_ = ts.Exec(args[1], args[2:]...) // what it ends with is the pattern's to say
		said := ts.ReadFile("stdout")
		if pattern.MatchString(said) {
			return
		}
		select {
		case <-look.C:
		case <-limit:
			ts.Fatalf("%q never came; the last output: %q", args[0], said)
		}
	}
}

// askPage is the program `ask URL HEADER…`: it prints the answer to a GET with these lines in its head: its status line, an
// empty line, its body. The header Devloop-Live of the answer, if there is one, comes behind the status line.
func askPage() {
	said, err := page(http.DefaultClient, os.Args[1], os.Args[2:]...)
	fmt.Println(said)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// crowd ADDRESS SILENT HALF is clients that connect and say nothing, or half of the
// head of a request, and stay. It says so once all of them have begun to connect.
func crowd() {
	var silent, half int
	if _, err := fmt.Sscan(os.Args[2]+" "+os.Args[3], &silent, &half); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var conns []net.Conn
	for i := range silent + half {
		conn, err := net.Dial("tcp", os.Args[1])
		if err == nil && i < half {
			_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: half\r\n")
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		conns = append(conns, conn)
	}
	fmt.Println("all there:", len(conns))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)
	<-stop
	for _, conn := range conns {
		conn.Close()
	}
}

// get URL [PATTERN] asks for a page, until the answer (its status line, an empty
// line, its body) has a match of the pattern. A connection that is refused fails at once;
// "! get URL" wants one that is.
func get(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 || neg && len(args) != 1 {
		ts.Fatalf("usage: [!] get URL [PATTERN]")
	}
	pattern := regexp.MustCompile("")
	if len(args) == 2 {
		pattern = regexp.MustCompile("(?m)" + args[1])
	}
	client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	limit := time.After(30 * time.Second)
	for {
		said, err := page(&client, args[0])
		switch {
		case neg && errors.Is(err, syscall.ECONNREFUSED):
			return
		case neg:
			ts.Fatalf("nobody should listen there: %q, %v", said, err)
		case errors.Is(err, syscall.ECONNREFUSED):
			ts.Fatalf("%v", err)
		case err == nil && pattern.MatchString(said):
			ts.Logf("%s", said)
			return
		}
		select {
		case <-look.C:
		case <-limit:
			ts.Fatalf("%q never came; the last answer: %q, %v", pattern, said, err)
		}
	}
}

func page(client *http.Client, url string, header ...string) (string, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		req.Header.Set(name, value)
	}
	r, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	head := r.Status + "\n"
	if live := r.Header.Get("Devloop-Live"); live != "" {
		head += "Devloop-Live: " + live + "\n"
	}
	return head + "\n" + string(body), err
}

// serve FILE is a server: it takes the socket at descriptor 3, or listens on
// $PORT, or binds the address in $BIND itself, and answers every request with what FILE held when it started. A file
// that begins with "exit" is a version that ends with status 3 at its start, and GET
// /crash ends any version so. GET /packed says that the answer is in brotli. SIGTERM ends it once every request is answered.
func serve() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if strings.HasPrefix(string(text), "exit") {
		fmt.Fprint(os.Stderr, "cannot start: ", string(text))
		os.Exit(3)
	}
	var l net.Listener
	if addr := os.Getenv("BIND"); addr != "" {
		l, err = net.Listen("tcp", addr)
	} else if port := os.Getenv("PORT"); port != "" {
		l, err = net.Listen("tcp", "127.0.0.1:"+port)
	} else {
		l, err = net.FileListener(os.NewFile(3, "web"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/crash" {
			fmt.Fprintln(os.Stderr, "crashed")
			os.Exit(3)
		}
		if r.URL.Path == "/packed" {
			w.Header().Set("Content-Encoding", "br")
			w.Header().Set("Content-Type", "text/html")
		}
		fmt.Fprint(w, string(text))
	})}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	ended := make(chan struct{})
	go func() {
		<-stop
		server.SetKeepAlivesEnabled(false)
		_ = server.Shutdown(context.Background())
		close(ended)
	}()
	fmt.Println("serving", strings.TrimSpace(string(text)))
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	<-ended
}

//go:build unix

package orchestrator_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// childEnv makes the test binary a command that the loop runs.
const childEnv = "DEVLOOP_TEST_CHILD"

func TestMain(m *testing.M) {
	switch role := os.Getenv(childEnv); role {
	case "":
		run, err := os.MkdirTemp("/tmp", "devloop-test-") // t.TempDir is too long for a socket
		if err != nil {
			panic(err)
		}
		if err := os.Setenv("DEVLOOP_RUNTIME_DIR", run); err != nil {
			panic(err)
		}
		goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
			os.RemoveAll(run)
			os.Exit(code)
		}))
	case "server":
		serve()
	case "snapshot":
		snapshot()
	case "witness":
		witness()
	case "generate":
		generate()
	case "listener":
		l, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
		if err != nil {
			panic(err)
		}
		defer l.Close()
		select {}
	case "unsteady":
		unsteady()
	case "notifier":
		notifier()
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("stubborn: running")
		select {}
	default:
		fmt.Fprintln(os.Stderr, "unknown role", role)
		os.Exit(2)
	}
}

// serve is a server that adopts the first socket it is given, answers with the
// text that its version file had at the start, and drains on SIGTERM.
func serve() {
	version, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if pid := os.Getenv("LISTEN_PID"); pid != fmt.Sprint(os.Getpid()) {
		fmt.Fprintf(os.Stderr, "LISTEN_PID is %q, the pid is %d\n", pid, os.Getpid())
		os.Exit(1)
	}
	if strings.HasPrefix(string(version), "crash") {
		fmt.Fprintln(os.Stderr, "this version crashes")
		mark(".exit", string(version))
		os.Exit(3)
	}
	listener, err := net.FileListener(os.NewFile(3, "web"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Not http.Server: its Shutdown loses a connection that was accepted a
	// moment before. Here what was accepted is answered, always.
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	go func() {
		<-terminated
		listener.Close()
	}()
	fmt.Println("serving", string(version))
	var answering sync.WaitGroup
	for {
		conn, err := listener.Accept()
		if err != nil {
			answering.Wait()
			os.Exit(0)
		}
		answering.Go(func() { answer(conn, version) })
	}
}

// answer answers one request on a connection.
func answer(conn net.Conn, version []byte) {
	defer conn.Close()
	if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
		return // such as the connection that devloop parks to see whether anybody accepts
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(version), version)
}

// notifier is a server that tells by sd_notify that it is ready, and that it
// stops.
func notifier() {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	say := func(message string) {
		conn, err := net.Dial("unixgram", os.Getenv("NOTIFY_SOCKET"))
		if err == nil {
			defer conn.Close()
			_, err = conn.Write([]byte(message))
		}
		fmt.Printf("notifier %s: %s: %v\n", os.Getenv("DEVLOOP_GENERATION"), message, err)
	}
	say("READY=1")
	<-terminated
	say("STOPPING=1")
}

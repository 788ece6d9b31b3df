package main

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"devloop/orchestrator/test/testenv"

	"github.com/rogpeppe/go-internal/testscript"
)

// asDevloop in the environment makes the test binary devloop itself.
const asDevloop = "DEVLOOP_TEST_AS_DEVLOOP"

// begin, if not nil, is what a test needs of the processes that it starts.
var begin func()

func TestMain(m *testing.M) {
	if begin != nil {
		begin()
	}
	if pipe := os.Getenv("DEVLOOP_TEST_PANIC"); pipe != "" && slices.Contains(os.Args, "up") {
		go func() {
			if _, err := os.ReadFile(pipe); err == nil { // somebody has opened it
				panic("as the test wants")
			}
		}()
	}
	if os.Getenv("DEVLOOP_TEST_PANIC_LOOP") != "" {
		begins = func() { panic("as the test wants") }
	}
	if os.Getenv(asDevloop) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	testscript.Main(tests{m}, map[string]func(){
		"devloop": main,
		"held":    held,
		"serve":   serve,
		"ask":     askPage,
		"crowd":   crowd,
	})
}

// tests are the tests of this binary, when it is no command.
type tests struct{ *testing.M }

func (m tests) Run() int {
	testenv.MostlyWaiting()
	return m.M.Run()
}

// held is a command that tells which sockets it was given.
func held() {
	for _, name := range []string{"LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_FDS_FIRST_FD"} {
		fmt.Printf("%s=%s\n", name, os.Getenv(name))
	}
	pid, set := os.LookupEnv("LISTEN_PID")
	fmt.Printf("LISTEN_PID set %v, true %v\n", set, pid == fmt.Sprint(os.Getpid()))
	for fd := uintptr(3); fd < 6; fd++ {
		l, err := net.FileListener(os.NewFile(fd, "held"))
		if err != nil {
			fmt.Printf("fd %d: no listener\n", fd)
			continue
		}
		fmt.Printf("fd %d: %s\n", fd, l.Addr().Network())
	}
	if len(os.Args) > 1 {
		os.Exit(len(os.Args) + 5)
	}
}

// TestScripts runs the real command line, a script a case.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scriptParams("script"))
}

// await FILE PATTERN waits until the file has a match of the pattern. It looks
// again and again: the file is another process's log, and no event of the
// system that every platform has tells that it grew.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: await FILE PATTERN")
	}
	path, pattern := ts.MkAbs(args[0]), regexp.MustCompile("(?m)"+args[1])
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	limit := time.After(30 * time.Second)
	for {
		text, _ := os.ReadFile(path) // not there yet, perhaps
		if pattern.Match(text) {
			return
		}
		select {
		case <-look.C:
		case <-limit:
			ts.Fatalf("%q never came; %s holds:\n%s", args[1], args[0], text)
		}
	}
}

// TestEveryVerbHasHelp keeps the promise that each verb explains itself, with
// an example.
func TestEveryVerbHasHelp(t *testing.T) {
	for _, cmd := range newRoot(os.Stdout, os.Stderr).Commands() {
		if cmd.Name() == "help" || cmd.Name() == "completion" {
			continue // they explain the others
		}
		var out, errs strings.Builder
		if code := run([]string{cmd.Name(), "--help"}, &out, &errs); code != exitOK || errs.Len() > 0 {
			t.Errorf("%s --help: code %d, %s", cmd.Name(), code, errs.String())
		}
		if !strings.Contains(out.String(), "Examples:") {
			t.Errorf("%s --help has no example:\n%s", cmd.Name(), out.String())
		}
	}
}

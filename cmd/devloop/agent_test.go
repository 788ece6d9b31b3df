//go:build linux || darwin || freebsd

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// lately is how long a test waits for what must come.
const lately = 30 * time.Second

// inProject writes the files to a directory of their own, which is then the
// current one, with a runtime directory of its own.
func inProject(t *testing.T, files map[string]string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "devloop-test-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("DEVLOOP_RUNTIME_DIR", filepath.Join(dir, ".run"))
	t.Setenv("CI", "")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
}

// looping runs a loop in this process until the test ends.
func looping(t *testing.T) {
	t.Helper()
	code := make(chan int, 1)
	go func() { code <- run([]string{"up"}, io.Discard, io.Discard) }()
	t.Cleanup(func() {
		if down := run([]string{"down"}, io.Discard, os.Stderr); down != exitOK {
			t.Errorf("down: %d", down)
		}
		if c := <-code; c != exitOK {
			t.Errorf("the loop has ended with %d", c)
		}
	})
	untilAnswers(t)
}

// untilAnswers waits until a loop answers here.
func untilAnswers(t *testing.T) {
	t.Helper()
	// A socket tells nobody that it is there.
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	limit := time.After(lately)
	for run([]string{"status"}, io.Discard, io.Discard) != exitOK {
		select {
		case <-look.C:
		case <-limit:
			t.Fatal("the loop never answers")
		}
	}
}

// agent is a session with devloop mcp.
func agent(t *testing.T) *mcp.ClientSession {
	t.Helper()
	here, there := mcp.NewInMemoryTransports()
	ctx, cancel := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() { _ = newMCPServer(&app{}).Run(ctx, there) })
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, here, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		session.Close()
		cancel()
		served.Wait()
	})
	return session
}

// call calls a tool and returns what it said, and what it is for programs.
func call(t *testing.T, session *mcp.ClientSession, tool string, args any) (text string, value map[string]any, failed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), lately)
	defer cancel()
	r, err := session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", tool, err)
	}
	for _, c := range r.Content {
		if c, ok := c.(*mcp.TextContent); ok {
			text += c.Text
		}
	}
	if r.StructuredContent != nil {
		raw, _ := json.Marshal(r.StructuredContent)
		if err := json.Unmarshal(raw, &value); err != nil {
			t.Errorf("%s: %s: %v", tool, raw, err)
		}
	}
	return text, value, r.IsError
}

type nodes struct {
	Nodes []string `json:"nodes"`
}

func TestAgentWithoutALoop(t *testing.T) {
	inProject(t, map[string]string{"devloop.yaml": "watchers: {check: {watch: [src], stages: ['true']}}\n", "src/a": "1"})
	session := agent(t)
	for tool, args := range map[string]any{"status": struct{}{}, "wait": struct{}{}, "logs": struct{}{}, "trigger": nodes{[]string{"check"}},
		"explain": map[string]any{"node": "check"}} {
		if text, _, failed := call(t, session, tool, args); !failed || !strings.Contains(text, "no loop is running") || !strings.Contains(text, "devloop up -d") {
			t.Errorf("%s: %v %s", tool, failed, text)
		}
	}
	// What needs no loop works without one.
	if text, value, failed := call(t, session, "explain", map[string]any{"paths": []string{"src/a"}}); failed || !strings.Contains(text, "check  wakes") || value["paths"] == nil {
		t.Errorf("explain: %v %s", failed, text)
	}
	if text, _, failed := call(t, session, "explain", struct{}{}); !failed || !strings.Contains(text, "name paths") {
		t.Errorf("explain nothing: %v %s", failed, text)
	}
}

func TestAgent(t *testing.T) {
	inProject(t, map[string]string{
		"devloop.yaml": `
env: {SECRET: HUSH}
watchers: {check: {watch: [src], stages: [{name: test, run: "printf '\\033[31mlooking\\033[0m\\n'; ! grep -r BROKEN src"}], trigger: .trigger}}
processes: {server: {run: 'echo hello; exec sleep 1000', watch: .trigger}}
`,
		"src/a": "fine",
	})
	looping(t)
	session := agent(t)
	if text, value, failed := call(t, session, "wait", struct{}{}); failed || value["ok"] != true {
		t.Fatalf("wait: %v %s", failed, text)
	}
	text, value, failed := call(t, session, "status", struct{}{})
	if failed || !strings.Contains(text, "check   passed") || value["nodes"] == nil || strings.Contains(text, "HUSH") {
		t.Errorf("status: %v %s", failed, text)
	}
	if text, _, failed = call(t, session, "logs", map[string]any{"nodes": []string{"check"}}); failed || text != "check | looking\n" {
		t.Errorf("logs: %v %q", failed, text)
	}
	if err := os.WriteFile("src/a", []byte("BROKEN"), 0o600); err != nil {
		t.Fatal(err)
	}
	text, value, failed = call(t, session, "wait", nodes{[]string{"server"}})
	if failed || value["ok"] != false || value["node"] != "check" || !strings.Contains(text, "src/a:BROKEN") {
		t.Errorf("wait after a mistake: %v %v %s", failed, value, text)
	}
	if text, _, failed = call(t, session, "restart", nodes{[]string{"check"}}); !failed || !strings.Contains(text, "hint: to run its stages") {
		t.Errorf("restart: %v %s", failed, text)
	}
	if text, _, failed = call(t, session, "trigger", nodes{[]string{"check"}}); failed || text != "check: failed → running" {
		t.Errorf("trigger: %v %s", failed, text)
	}
	if text, _, failed = call(t, session, "wait", map[string]any{"timeout_seconds": -1}); !failed {
		t.Errorf("wait: %s", text)
	}
}

// TestFileFirst: -f is the configuration before the verb, whatever it is after.
func TestFileFirst(t *testing.T) {
	for line, want := range map[string]string{
		"-f x.yaml logs -f a":      "--file x.yaml logs -f a",
		"-fx.yaml logs -f":         "--file=x.yaml logs -f",
		"-v --color always -f x y": "-v --color always --file x y",
		"logs -f x":                "logs -f x",
		"-- -f":                    "-- -f",
		"-f":                       "--file",
	} {
		if got := strings.Join(fileFirst(strings.Fields(line)), " "); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// TestLogFile: the log of a loop in the background does not grow for ever.
func TestLogFile(t *testing.T) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	log, block := &logFile{file: f}, bytes.Repeat([]byte("a line of the log\n"), 4096)
	for range 200 {
		if _, err := log.Write(block); err != nil {
			t.Fatal(err)
		}
		if info, err := f.Stat(); err != nil || info.Size() > mostLogged {
			t.Fatalf("it has %d bytes, %v", info.Size(), err)
		}
	}
	if info, _ := f.Stat(); info.Size() == 0 || info.Size()%int64(len(block)) != 0 {
		t.Errorf("it has %d bytes", info.Size())
	}
}

//go:build linux || darwin || freebsd

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"devloop/orchestrator/control"
)

// canary is the value that must never be seen.
const canary = "hunter2canary"

// told is a screen that a test reads while the loop writes to it.
type told struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *told) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *told) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// canaries are mistakes in an env file, each with the canary in it.
var canaries = map[string]string{
	"a bad name":               "A=1\nOPENAI-KEY=" + canary + "\n",
	"a name with the value":    canary + "-x=1\n",
	"a digit first":            "1A=" + canary + "\n",
	"no name":                  "=" + canary + "\n",
	"no value":                 canary + "\n",
	"no = sign":                "PASSWORD " + canary + "\n",
	"a colon":                  "PASSWORD:" + canary + "\n",
	"an open quote":            "PASSWORD=\"" + canary + "\nA=1\n",
	"an open single quote":     "PASSWORD='" + canary + "\nA=1\n",
	"text behind a quote":      "PASSWORD=\"a\"" + canary + "\n",
	"a quote in the middle":    "PASSWORD=\"" + canary + "\"x\"\n",
	"backquotes":               "PASSWORD=`" + canary + "`\n",
	"an open brace":            "PASSWORD=${" + canary + "\n",
	"no reference":             "PASSWORD=${1" + canary + "}\n",
	"an operator":              "PASSWORD=${A/" + canary + "}\n",
	"a message":                "PASSWORD=${NOPE:?" + canary + "}\n",
	"lines without quotes":     "PEM=-----BEGIN\n" + canary + "==\n-----END\n",
	"a byte order mark":        "A=1\n\uFEFFPASSWORD=" + canary + "\n",
	"UTF-16":                   "\xff\xfe" + string(inUTF16("PASSWORD="+canary)),
	"a NUL":                    "PASSWORD=" + canary + "\x00\n",
	"a long value":             "PASSWORD=" + strings.Repeat(canary, 1<<14) + "\n",
	"values that double":       "A=" + canary + "\n" + strings.Repeat("A=$A$A\n", 30),
	"a large file":             strings.Repeat("A="+canary+"\n", 1<<17),
	"references in each other": "A=" + strings.Repeat("${"+canary+":-", 30) + strings.Repeat("}", 30) + "\n",
}

func inUTF16(text string) (raw []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		raw = append(raw, byte(unit), byte(unit>>8))
	}
	return raw
}

// TestCanary makes every kind of mistake that an env file, and what devloop.yaml
// itself gives to a variable, can have, in a running loop whose server is down.
// Whatever devloop tells of it, to whomever, has no value in it.
func TestCanary(t *testing.T) {
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	page := "http://" + probe.Addr().String()
	probe.Close()
	config := fmt.Sprintf(`
sockets: {web: {listen: "http::%s", while_down: page}}
processes:
  server: {run: "echo cannot start; exit 3", sockets: [web], env_file: .env, backoff: {give_up: 1}}
watchers: {check: {watch: src, stages: [{name: test, run: "! grep -r BROKEN src", env_file: .env}]}}
`, page[strings.LastIndexByte(page, ':')+1:])
	good := "PASSWORD=" + canary + "\n"
	inProject(t, map[string]string{"devloop.yaml": config, ".env": good, "src/a": "BROKEN"})
	screen, events := &told{}, &told{}
	ended := make(chan int, 2)
	go func() { ended <- run([]string{"up", "-v", "--log-file", "log.txt"}, screen, screen) }()
	untilAnswers(t)
	go func() { ended <- run([]string{"events"}, events, events) }()
	session := agent(t)

	seen := 0
	look := func(kind, where, text string) {
		seen += len(text)
		if at := strings.Index(text, canary[:8]); at >= 0 {
			t.Errorf("%s: %s tells the value: …%s…", kind, where, text[max(0, at-200):min(len(text), at+100)])
		}
	}
	lines, tools := []string{"check", "status --json", "problems"}, []string{"status", "wait", "problems"}
	allLines := append(lines, "status", "run", "wait", "wait --json", "logs", "explain --why server", "explain src/a .env", "graph",
		"graph --format json", "export systemd", "export compose", "export procfile",
		"problems --format json", "problems --format github", "problems --format sarif", "doctor", "config")
	allTools := append(tools, "logs", "explain", "cycle")
	everywhere := func(kind string, lines, tools []string) {
		for _, line := range lines {
			var out bytes.Buffer
			run(strings.Fields(line), &out, &out) // most of them fail
			look(kind, line, out.String())
		}
		for _, tool := range tools {
			args := map[string]any{}
			if tool == "explain" {
				args["node"] = "server"
			}
			text, value, _ := call(t, session, tool, args)
			raw, _ := json.Marshal(value)
			look(kind, "the tool "+tool, text+string(raw))
		}
		for _, path := range []string{"/", "/_devloop/live"} {
			r, err := http.NewRequest(http.MethodGet, page+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept", "text/html")
			if answer, err := http.DefaultClient.Do(r); err == nil {
				body, _ := io.ReadAll(answer.Body) // what has come is enough
				answer.Body.Close()
				look(kind, "the page "+path, string(body))
			}
		}
	}
	save := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	broken := func() bool {
		var out bytes.Buffer
		run([]string{"wait"}, &out, &out)
		look("all", "wait", out.String())
		return strings.Contains(out.String(), "the configuration has mistakes")
	}

	everywhere("no mistake", allLines, allTools)
	for kind, text := range canaries {
		save(".env", text)
		if !broken() {
			t.Errorf("%s is no mistake of the configuration", kind)
		}
		everywhere(kind, lines, tools)
	}
	save(".env", good+"DB_PASSWORD=a$"+canary+"\n")
	everywhere("a name that is not set", allLines, allTools)
	save(".env", "PATH=/"+canary+"\nSHELL="+canary+"\nCDPATH="+canary+"\n")
	everywhere("a PATH without programs", allLines, allTools)
	save(".env", good)
	for _, env := range []string{
		"{DB_PASSWORD: [" + canary + "]}", "[DB_PASSWORD=" + canary + "]", "{DB_PASSWORD: \"" + canary + "}", "{db_password: " + canary + ", x: [1]}",
		"{DB_PASSWORD: !tag " + canary + "}", "{A: 'http://me:" + canary + "@x', A: 1}",
	} {
		save("devloop.yaml", strings.Replace(config, "env_file: .env,", "env: "+env+",", 1))
		if !broken() {
			t.Errorf("%s is no mistake of the configuration", env)
		}
		everywhere(env, allLines, allTools)
	}
	save("devloop.yaml", config)
	if broken() {
		t.Error("it stays broken")
	}
	var status struct{ History control.History }
	var text bytes.Buffer
	if run([]string{"status", "--json"}, &text, os.Stderr); json.Unmarshal(text.Bytes(), &status) != nil || status.History.File == "" {
		t.Errorf("no history: %s", text.String())
	}
	if down := run([]string{"down"}, io.Discard, os.Stderr); down != exitOK {
		t.Errorf("down: %d", down)
	}
	<-ended
	<-ended
	log, err := os.ReadFile("log.txt")
	if err != nil {
		t.Fatal(err)
	}
	history, err := os.ReadFile(status.History.File)
	if err != nil {
		t.Error(err)
	}
	look("all", "the history", string(history))
	look("all", "the screen", screen.String())
	look("all", "the events", events.String())
	look("all", "the log", string(log))
	if !strings.Contains(screen.String(), ".env:2:7: a variable's name") || !strings.Contains(events.String(), "kind") || seen < 50_000 {
		t.Errorf("little was told, %d bytes; the screen shows:\n%s\nand the events are\n%s", seen, screen, events)
	}
}

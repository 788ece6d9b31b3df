package watching

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"devloop/cmd/devbench/harness"
)

// A session is a started tool, in a process group of its own. Whoever starts
// it stops it.
type session struct {
	tool    *tool
	project project
	tag     string // of its reports
	began   instant
	cmd     *exec.Cmd
	said    *os.File      // its output, in a file: a pipe that nobody reads would stop it
	gone    chan struct{} // closed when the tool has ended
}

// start starts a tool on a project; its command works for the time hold.
func (b *bench) start(t *tool, p project, hold time.Duration) (*session, error) {
	b.tags++
	s := &session{tool: t, project: p, tag: fmt.Sprintf("%s-%d", t.name, b.tags), gone: make(chan struct{})}
	command := strings.Join([]string{b.reporter, "__report", b.ledger.path, s.tag, hold.String()}, " ")
	args, err := t.args(p, command)
	if err != nil {
		return nil, err
	}
	program := t.path
	if len(args) > 0 && args[0] == "sh" {
		program, args = "/bin/sh", args[1:]
	}
	if s.said, err = os.Create(filepath.Join(b.Dir, s.tag+".log")); err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	s.cmd = exec.Command(program, args...)
	s.cmd.Dir = p.dir
	s.cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(t.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.cmd.Stdout, s.cmd.Stderr = s.said, s.said
	harness.OwnGroup(s.cmd)
	s.began = now()
	if err := s.cmd.Start(); err != nil {
		s.said.Close()
		return nil, fmt.Errorf("start %s: %w", t.name, err)
	}
	go func() {
		_ = s.cmd.Wait() // how it ended says nothing: it was told to
		close(s.gone)
	}()
	return s, nil
}

// stop ends the tool and everything in its process group.
func (s *session) stop() {
	defer s.said.Close()
	harness.EndGroup(s.cmd.Process.Pid)
	timer := time.NewTimer(5 * time.Second)
	defer timer.Stop()
	select {
	case <-s.gone:
	case <-timer.C:
	}
	// What did not listen, or outlived its leader.
	harness.KillGroup(s.cmd.Process.Pid)
	<-s.gone
}

// ended tells whether the tool has ended by itself.
func (s *session) ended() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// lastWords is the end of what the tool wrote, on one line.
func (s *session) lastWords() string {
	text, err := os.ReadFile(s.said.Name())
	if err != nil {
		return ""
	}
	const most = 160
	line := strings.Join(strings.Fields(string(text)), " ")
	if len(line) > most {
		line = "… " + line[len(line)-most:]
	}
	return line
}

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

// A session is a started tool. Whoever starts it stops it.
type session struct {
	*harness.Program
	tool    *tool
	project project
	tag     string // of its reports
	began   instant
}

// start starts a tool on a project; its command works for the time hold.
func (b *bench) start(t *tool, p project, hold time.Duration) (*session, error) {
	b.tags++
	s := &session{tool: t, project: p, tag: fmt.Sprintf("%s-%d", t.name, b.tags)}
	command := strings.Join([]string{b.reporter, "__report", b.ledger.path, s.tag, hold.String()}, " ")
	args, err := t.args(p, command)
	if err != nil {
		return nil, err
	}
	program := t.path
	if len(args) > 0 && args[0] == "sh" {
		program, args = "/bin/sh", args[1:]
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(t.path)+string(os.PathListSeparator)+os.Getenv("PATH"))
	s.began = now()
	s.Program, err = harness.Start(cmd, filepath.Join(b.Dir, s.tag+".log"))
	return s, err
}

// stop ends the tool and everything in its process group.
func (s *session) stop() { s.Stop(5 * time.Second) }

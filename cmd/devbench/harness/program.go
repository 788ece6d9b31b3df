package harness

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A Program is a tool that was started in a process group of its own. Its output goes
// to a file: a pipe that nobody reads would stop it. Whoever starts it stops it.
type Program struct {
	Cmd   *exec.Cmd
	Began time.Time
	Gone  chan struct{} // closed when it has ended
	log   *os.File
}

// Start starts a command with its output in a new file.
func Start(cmd *exec.Cmd, log string) (*Program, error) {
	p := &Program{Cmd: cmd, Gone: make(chan struct{})}
	var err error
	if p.log, err = os.Create(log); err != nil {
		return nil, fmt.Errorf("make log: %w", err)
	}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	ownGroup(cmd)
	p.Began = time.Now()
	if err := cmd.Start(); err != nil {
		p.log.Close()
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	go func() {
		_ = cmd.Wait() // how it ended says nothing: it was told to
		close(p.Gone)
	}()
	return p, nil
}

// Stop ends it and everything in its process group, and kills what has not ended
// after patience. It reports whether the program itself ended when it was told to.
func (p *Program) Stop(patience time.Duration) (listened bool) {
	defer p.log.Close()
	endGroup(p.Cmd.Process.Pid)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-p.Gone:
		listened = true
	case <-timer.C:
	}
	killGroup(p.Cmd.Process.Pid) // what did not listen, or outlived its leader
	<-p.Gone
	return listened
}

// Ended tells whether it has ended.
func (p *Program) Ended() bool {
	select {
	case <-p.Gone:
		return true
	default:
		return false
	}
}

// Said is the end of what it wrote, at most so many bytes.
func (p *Program) Said(most int) string {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return err.Error()
	}
	if len(text) > most {
		return "… " + strings.ToValidUTF8(string(text[len(text)-most:]), "")
	}
	return string(text)
}

// OneLine is Said as one line, for a table.
func (p *Program) OneLine() string {
	const most = 160
	return strings.Join(strings.Fields(p.Said(most)), " ")
}

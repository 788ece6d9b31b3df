package swapping

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"devloop/cmd/devbench/harness"
)

// A session is a devloop that runs one process on one socket. Whoever starts
// it stops it.
type session struct {
	*director
	*harness.Program
	bench *bench
	dir   string
	url   string
}

// A plan is what a session's devloop.yaml says.
type plan struct {
	via, update string
	run         string   // the command; empty: this bench's own server
	socket      []string // further lines of the socket
	process     []string // further lines of the process
	delay       time.Duration
	env         []string // further environment of devloop

	mayStartTwice bool // the server is started as often as devloop likes
}

// start starts devloop and waits for the first answer.
func (b *bench) start(p plan) (_ *session, err error) {
	dir, err := b.fresh("loop")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &session{bench: b, dir: dir, url: fmt.Sprintf("http://127.0.0.1:%d/", port)}
	if s.director, err = newDirector(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if p.run == "" {
		p.run = fmt.Sprintf("[%q, __server]", b.Self)
	}
	lines := []string{
		"version: 1",
		"sockets:",
		"  web:",
		fmt.Sprintf("    listen: http::%d", port),
		"    via: " + p.via,
	}
	for _, line := range p.socket {
		lines = append(lines, "    "+line)
	}
	lines = append(lines, "processes:", "  server:", "    run: "+p.run, "    watch: .trigger", "    sockets: [web]")
	if p.update != "" {
		lines = append(lines, "    update: "+p.update)
	}
	for _, line := range p.process {
		lines = append(lines, "    "+line)
	}
	text := strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "devloop.yaml"), []byte(text), 0o666); err != nil {
		return nil, fmt.Errorf("write devloop.yaml: %w", err)
	}
	if err := os.WriteFile(s.trigger(), nil, 0o666); err != nil {
		return nil, fmt.Errorf("write trigger: %w", err)
	}
	cmd := exec.Command(b.Devloop)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEVLOOP_RUNTIME_DIR="+dir, directorEnv+"="+s.path, delayEnv+"="+p.delay.String())
	cmd.Env = append(cmd.Env, p.env...)
	if s.Program, err = harness.Start(cmd, filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	if err := s.answers(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w; devloop printed:\n%s", err, s.said()), s.stop())
	}
	return s, nil
}

// answers waits for an answer. The socket may not be bound yet, which nothing
// tells, so it asks again.
func (s *session) answers() error {
	ctx, cancel := context.WithTimeout(s.bench.Ctx, patience)
	defer cancel()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		_, err := ask(ctx, c, s.url, http.MethodGet)
		if err == nil {
			return nil
		}
		timer := time.NewTimer(10 * time.Millisecond)
		select {
		case <-timer.C:
		case <-s.Gone:
			timer.Stop()
			return errors.New("devloop ended by itself")
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("nobody answers: %w", err)
		}
	}
}

func (s *session) trigger() string { return filepath.Join(s.dir, ".trigger") }

// touch asks for a restart.
func (s *session) touch() error {
	now := time.Now()
	if err := os.Chtimes(s.trigger(), now, now); err != nil {
		return fmt.Errorf("touch trigger: %w", err)
	}
	return nil
}

func (s *session) said() string { return s.Said(2000) }

// stop ends devloop, which ends what it started.
func (s *session) stop() (err error) {
	if !s.Stop(patience) {
		err = errors.New("devloop did not end on SIGTERM")
	}
	s.close() // ends the servers that are left
	if s.bench.verbose {
		s.bench.Progress("devloop printed:\n%s", s.said())
	}
	return err
}

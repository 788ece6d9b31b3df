package swapping

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"devloop/cmd/devbench/harness"
)

//go:embed testdata
var sources embed.FS

// burstSlack is what the answers to a burst may take over the server's own start.
const burstSlack = 100 * time.Millisecond

// A held is what became of bursts.
type held struct {
	failed int
	after  []time.Duration // of each: from the gap's end to the last answer
	errors map[string]int
}

// burst lets connections arrive while there is no server, and times how long
// after its start the last of them is answered.
func (b *bench) burst() error {
	var t harness.Table
	t.Row("", "bursts", "failed", "bare start, ms", "last answer without devloop, ms", "last answer, median, ms", "slowest, ms", "bar, ms", "kept")
	var notes []string
	for _, name := range b.servers {
		b.Progress("burst: %s …", name)
		command, err := b.command(name)
		if err != nil {
			notes = append(notes, fmt.Sprintf("- %s: %v", name, err))
			continue
		}
		alone, err := b.bareBursts(command, 1)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		bare, err := b.bareBursts(command, b.held)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ours, err := b.loopBursts(command)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		bar := harness.Greatest(alone.after) + burstSlack
		slowest := harness.Greatest(ours.after)
		t.Row(name, strconv.Itoa(len(ours.after)), strconv.Itoa(ours.failed), fmt.Sprintf("%s (slowest %s)", harness.Millis(harness.Median(alone.after)), harness.Millis(harness.Greatest(alone.after))),
			fmt.Sprintf("%s (slowest %s)", harness.Millis(harness.Median(bare.after)), harness.Millis(harness.Greatest(bare.after))),
			harness.Millis(harness.Median(ours.after)), harness.Millis(slowest), harness.Millis(bar), harness.Kept(ours.failed == 0 && slowest <= bar))
		for e, n := range ours.errors {
			notes = append(notes, fmt.Sprintf("- %s: %d × %s", name, n, e))
		}
	}
	fmt.Fprintf(b.Stdout, "%d connections that arrive during %v without a server. The times are from the end of that second, when the server's program begins, to the last answer; the bare start is the same with 1 connection, and without devloop. The bar is the slowest bare start and %v:\n\n", b.held, b.gap, burstSlack)
	if err := t.Write(b.Stdout); err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintln(b.Stdout, note)
	}
	fmt.Fprintln(b.Stdout)
	return nil
}

// command is a server that takes descriptor 3, in some language; an error says why there is none.
func (b *bench) command(name string) ([]string, error) {
	source := func(file string) (string, error) {
		text, err := sources.ReadFile("testdata/" + file)
		if err != nil {
			return "", err
		}
		path := filepath.Join(b.Dir, file)
		return path, os.WriteFile(path, text, 0o666)
	}
	switch name {
	case "node":
		node, err := exec.LookPath("node")
		if err != nil {
			return nil, err
		}
		path, err := source("server.mjs")
		return []string{node, path}, err
	case "asyncio":
		// The interpreter itself: what the path has first may be a script that looks for it.
		out, err := exec.CommandContext(b.Ctx, "python3", "-c", "import sys; print(sys.executable)").Output()
		if err != nil {
			return nil, fmt.Errorf("find python3: %w", err)
		}
		path, err := source("server.py")
		return []string{strings.TrimSpace(string(out)), path}, err
	case "rust":
		path, err := source("server.rs")
		if err != nil {
			return nil, err
		}
		binary := filepath.Join(b.Dir, "rust-server")
		if out, err := exec.CommandContext(b.Ctx, "rustc", "-O", "-o", binary, path).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("compile server.rs: %w\n%s", err, out)
		}
		return []string{binary}, nil
	}
	return []string{b.Self, "__server"}, nil
}

// loopBursts is the bursts under devloop.
func (b *bench) loopBursts(command []string) (all held, err error) {
	run := []string{strconv.Quote(b.Self), "__late"}
	for _, word := range command {
		run = append(run, strconv.Quote(word))
	}
	s, err := b.start(plan{via: "inherit", update: "stop-first", run: "[" + strings.Join(run, ", ") + "]", env: []string{delayEnv + "=0s"}})
	if err != nil {
		return all, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for range b.bursts {
		next := s.started()
		s.shut()
		if err := s.touch(); err != nil {
			return all, err
		}
		// The new one has come, so the old one has gone.
		if _, err := s.wait(b.Ctx, next, "started", isStarted); err != nil {
			return all, fmt.Errorf("%w; devloop printed:\n%s", err, s.said())
		}
		if err := b.arrive(s.url, b.held, s.open, &all); err != nil {
			return all, err
		}
	}
	return all, nil
}

// bareBursts is the same with the bench itself as the holder.
func (b *bench) bareBursts(command []string, connections int) (all held, err error) {
	dir, err := b.fresh("bare")
	if err != nil {
		return all, err
	}
	d, err := newDirector(dir)
	if err != nil {
		return all, err
	}
	defer d.close()
	h, err := hold()
	if err != nil {
		return all, err
	}
	defer h.close()
	for range b.bursts {
		next := d.started()
		d.shut()
		cmd, err := h.start([]string{directorEnv + "=" + d.path, delayEnv + "=0s"}, append([]string{b.Self, "__late"}, command...)...)
		if err != nil {
			return all, err
		}
		if _, err = d.wait(b.Ctx, next, "started", isStarted); err == nil {
			err = b.arrive(h.url(), connections, d.open, &all)
		}
		d.open()
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // it was told to end
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// arrive lets connections arrive during the gap, opens the gate at its end, and
// waits until all have their answer.
func (b *bench) arrive(url string, connections int, open func(), all *held) error {
	ctx, cancel := context.WithTimeout(b.Ctx, patience)
	defer cancel()
	transport := &http.Transport{DisableKeepAlives: true}
	c := &http.Client{Transport: transport}
	var clients sync.WaitGroup
	var mu sync.Mutex // guards last, failed and all.errors
	var last time.Time
	failed := 0
	began := time.Now()
	for i := range connections {
		if err := b.Pause(time.Until(began.Add(b.gap * time.Duration(i) / time.Duration(connections)))); err != nil {
			break
		}
		clients.Go(func() {
			err := plainGet(ctx, c, url)
			mu.Lock()
			defer mu.Unlock()
			if last = time.Now(); err != nil {
				failed++
				if all.errors == nil {
					all.errors = map[string]int{}
				}
				all.errors[trim(err).Error()]++
			}
		})
	}
	err := b.Pause(time.Until(began.Add(b.gap)))
	end := time.Now()
	open()
	clients.Wait()
	all.failed += failed
	all.after = append(all.after, last.Sub(end))
	return err
}

func plainGet(ctx context.Context, c *http.Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := c.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	return nil
}

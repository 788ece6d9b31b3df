package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"devloop/cmd/devloop/view"
	"devloop/orchestrator/control"
)

// Hidden flags: overStreamFlag says that a loop has lent its screen to the view, jobFlag that this loop is a job of a
// shell, and resumeFlag that there is nothing to show: see resume.
const (
	overStreamFlag = "over-stream"
	jobFlag        = "job"
	resumeFlag     = "resume"
)

// exitLeft is the exit code of a view on the screen of a loop whose key `d` was pressed.
const exitLeft = 20

func viewCommand(a *app) *cobra.Command {
	var overStream, job bool
	var group int
	cmd := &cobra.Command{
		Use:   "view",
		Short: "Show the running loop on the whole screen",
		Long: `view shows every node, the output, the problems, the last saves and the sockets of the
running loop on the whole screen. It only asks the loop: several may be open at once, and
leaving one leaves the loop alone. ? lists the keys. Exit code 3 if no loop is running.`,
		Example: "  devloop view",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if group > 0 {
				return resume(group)
			}
			if err := needScreen(a, "devloop view"); err != nil {
				return err
			}
			client, config, err := a.connect()
			if err != nil {
				return err
			}
			opt := view.Options{Quit: "leave; the loop runs on", Detach: "the same"}
			if overStream {
				opt = view.Options{OverStream: true, Quit: "back to the lines of the loop", Detach: "leave; the loop runs on in the background"}
				if !job {
					opt.Detach, opt.NoDetach = "nothing here", "no shell has started this loop as a job; see `devloop up -d`"
				}
			}
			key, err := showView(a, client, config, opt)
			if err == nil && overStream && key == 'd' {
				return exitCode(exitLeft)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&overStream, overStreamFlag, false, "")
	cmd.Flags().BoolVar(&job, jobFlag, false, "")
	cmd.Flags().IntVar(&group, resumeFlag, 0, "")
	for _, name := range []string{overStreamFlag, jobFlag, resumeFlag} {
		_ = cmd.Flags().MarkHidden(name) // the flag is there
	}
	return cmd
}

// needScreen is an error without a terminal that can show a whole screen.
func needScreen(a *app, command string) error {
	if isTerminal(a.screen) && isTerminal(os.Stdin) && os.Getenv("TERM") != "dumb" {
		return nil
	}
	return usageError{errors.New("the full screen needs a terminal; `devloop logs -f` needs none"), command}
}

// showView shows the loop of a client until somebody leaves, by the key that it returns. It closes the client.
func showView(a *app, client *control.Client, config string, opt view.Options) (key byte, err error) {
	opt.Client, opt.Out = client, fileOf(a.screen)
	opt.Dial = func() (*control.Client, error) { return control.Dial(config) }
	opt.Shorter, opt.Editor = shorter, editorAt
	opt.Suspends = func() bool { return !opt.OverStream && isJob() }
	if opt.Color, err = a.useColor(a.screen); err != nil {
		client.Close()
		return 0, err
	}
	if dir, err := filepath.Abs(filepath.Dir(config)); err == nil {
		opt.Name = filepath.Base(dir)
	}
	if key, err = view.Run(context.Background(), opt); err != nil {
		return key, runError{err}
	}
	return key, nil
}

// upOnScreen shows the loop of the configuration on the whole screen; it runs in the background, and is
// started if there is none. `q` goes on with its output, until Ctrl-C ends the loop, and `d` leaves it alone.
func upOnScreen(a *app, config string) error {
	if err := needScreen(a, "devloop up"); err != nil {
		return err
	}
	if control.Running(config) == nil {
		if err := startDetached(a, config); err != nil {
			return err
		}
	}
	client, err := control.Dial(config)
	if err != nil {
		return runError{err}
	}
	key, err := showView(a, client, config, view.Options{Quit: "back to the lines of the loop", Detach: "leave; the loop runs on in the background"})
	if err != nil || key != 'q' {
		return err
	}
	return followUntilEnd(a, config)
}

// followUntilEnd prints the output of a loop in the background, and ends that at Ctrl-C.
func followUntilEnd(a *app, config string) (err error) {
	client, err := control.Dial(config)
	if errors.Is(err, control.ErrNotRunning) {
		return nil // it has ended meanwhile
	}
	if err != nil {
		return runError{err}
	}
	defer client.Close()
	names, err := knownNames(client)
	if err != nil {
		return err
	}
	p, err := newPrinter(a, names)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.out.Close(context.Background())) }()
	if _, err := fmt.Fprintln(a.stdout, "devloop: the output of the loop in the background; Ctrl-C ends the loop, `devloop view` shows it on the whole screen"); err != nil {
		return err
	}
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	defer signal.Stop(interrupted)
	ended := make(chan error, 1)
	var lines sync.Mutex // guards p
	go func() {
		ended <- client.Logs(context.Background(), control.LogQuery{Follow: true, Tail: 20}, func(line control.Line) error {
			lines.Lock()
			defer lines.Unlock()
			return p.print(line)
		})
	}()
	go func() { // it ends with the loop, as the output does
		_ = client.Events(context.Background(), control.EventQuery{}, func(line json.RawMessage) error {
			var e control.Event
			if err := json.Unmarshal(line, &e); err != nil {
				return err
			}
			lines.Lock()
			defer lines.Unlock()
			if text, tone := view.Told(&e); text != "" {
				p.at = e.Time.Local()
				p.out.Say(e.Node, tone, text)
			}
			return p.out.Err()
		})
	}()
	pid := 0
	for {
		select {
		case err := <-ended:
			if err != nil {
				return answered(err)
			}
			if pid > 0 {
				return control.WaitGone(context.Background(), config, pid)
			}
			return nil
		case <-interrupted:
			ctx, cancel := context.WithTimeout(context.Background(), answerIn)
			if down, err := client.Down(ctx); err == nil { // else it has ended
				pid = down.PID
			}
			cancel()
		}
	}
}

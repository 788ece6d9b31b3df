package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/report"
)

func logsCommand(a *app) *cobra.Command {
	var (
		want   control.LogQuery
		since  string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "logs [NAME…]",
		Short: "Print the output of the running loop's commands",
		Long: `logs prints the recent output of every node, or of the named ones, in the form of the
loop's own screen; also that of stages that passed. With -f it follows the output
until the loop ends. The loop keeps the last few megabytes of each node; a line
counts the lines that are gone. Exit code 3 if no loop is running.

Here -f means --follow. Name a configuration with --file, or with -f before the
command.`,
		Example:           "  devloop logs -f\n  devloop logs --since 5m server\n  devloop logs -n 50 check",
		ValidArgsFunction: a.nodeNames(""),
		RunE: func(cmd *cobra.Command, names []string) (err error) {
			want.Nodes = names
			if want.Tail < 0 {
				return usageError{fmt.Errorf("--tail %d: must not be negative", want.Tail), "devloop logs"}
			}
			if want.Tail == 0 && cmd.Flags().Changed("tail") {
				want.Tail = -1 // none, and not all
			}
			if want.Since, err = sinceWhen(since, time.Now()); err != nil {
				return err
			}
			client, _, err := a.connect()
			if err != nil {
				return err
			}
			defer client.Close()
			client.WritesTo(os.Stdout)
			each := func(line control.Line) error { return a.jsonLine(line) }
			if !asJSON {
				known, err := knownNames(client)
				if err != nil {
					return err
				}
				p, err := newPrinter(a, known)
				if err != nil {
					return err
				}
				each = p.print
				defer func() { err = errors.Join(err, p.out.Close(context.Background())) }()
			}
			if err := client.Logs(context.Background(), want, each); err != nil {
				return answered(err)
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&a.file, "file", "", "the configuration `FILE` (default: devloop.yaml here or in a parent)")
	flags.BoolVarP(&want.Follow, "follow", "f", false, "follow the output until the loop ends")
	flags.StringVar(&since, "since", "", "only lines since then: a duration such as 5m, or a time as in RFC 3339")
	flags.IntVarP(&want.Tail, "tail", "n", 0, "only the last `N` lines")
	flags.BoolVar(&asJSON, "json", false, "print JSON, one object a line")
	return cmd
}

// fileFirst spells out a -f before the verb: it names the configuration, also where the verb has a -f of
// its own.
func fileFirst(args []string) []string {
	args = slices.Clone(args)
	for i := 0; i < len(args); i++ {
		rest, short := strings.CutPrefix(args[i], "-f")
		switch {
		case short && rest == "":
			args[i] = "--file"
			i++
		case short:
			args[i] = "--file=" + strings.TrimPrefix(rest, "=")
		case args[i] == "--file" || args[i] == "--color" || args[i] == "--log-file":
			i++ // its value
		case args[i] == "--" || !strings.HasPrefix(args[i], "-"):
			return args
		}
	}
	return args
}

// sinceWhen reads the value of --since.
func sinceWhen(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	return time.Time{}, usageError{fmt.Errorf("--since %s: expected a duration such as 90s or 1h30m, or a time such as %s",
		text, now.Format(time.RFC3339)), "devloop logs"}
}

// knownNames lists the nodes of a running loop.
func knownNames(client *control.Client) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	s, err := client.Status(ctx)
	if err != nil {
		return nil, runError{err}
	}
	names := make([]string, len(s.Nodes))
	for i, n := range s.Nodes {
		names[i] = n.Name
	}
	return names, nil
}

// printer prints lines as the loop's own screen does.
type printer struct {
	out     *console.Console
	at      time.Time                     // of the line that is being printed
	streams map[[2]string]*console.Stream // by node and stage
}

func newPrinter(a *app, names []string) (*printer, error) {
	color, err := a.useColor(a.screen)
	if err != nil {
		return nil, err
	}
	p := &printer{streams: map[[2]string]*console.Stream{}}
	p.out = console.New(console.Options{Out: a.screen, Color: color, Terminal: isTerminal(a.screen), Timestamps: a.timestamps,
		Names: report.Names(names), Now: func() time.Time { return p.at }})
	return p, nil
}

func (p *printer) print(line control.Line) error {
	p.at = line.Time.Local()
	if line.Missed > 0 {
		p.out.Say(line.Node, console.Warn, fmt.Sprintf("! %s no longer kept", console.Count(int(min(line.Missed, 1<<31)), "line")))
	} else {
		p.show(line)
	}
	return p.out.Err()
}

func (p *printer) show(line control.Line) {
	of := [2]string{line.Node, line.Stage}
	s := p.streams[of]
	if s == nil {
		s = p.out.Stream(line.Node)
		p.streams[of] = s
	}
	if line.Unfinished {
		s.Unfinished(line.Bytes())
	} else {
		s.Lines(append(line.Bytes(), '\n'), false)
	}
}

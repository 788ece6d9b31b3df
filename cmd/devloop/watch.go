package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/cmd/devloop/starter"
	"devloop/orchestrator"
	"devloop/orchestrator/graph"
	"devloop/schema"
)

// watchOptions are the flags of `devloop watch`.
type watchOptions struct {
	watch, ignore, cargo, env []string
	delay                     string
	postpone, finish          bool
	unignored, poll           bool
}

func watchCommand(a *app) *cobra.Command {
	var o watchOptions
	cmd := &cobra.Command{
		Use:   "watch [-w PATTERN…] [-x CARGO…] [flags] [-- COMMAND [ARG…]]",
		Short: "Run commands on every change, without a configuration",
		Long: `watch runs commands one after the other, and again when a file changes: a loop of
one watcher, without a devloop.yaml. A change cancels what runs and starts over. A
COMMAND without arguments is a line for the shell; with arguments it is run directly.
The flags are those of cargo watch where they mean the same.`,
		Example: `  devloop watch -w src -- cargo check
  devloop watch -x check -x test
  devloop watch -w docs -i '**/*.tmp' -- 'make html && make linkcheck'`,
		RunE: func(_ *cobra.Command, argv []string) error {
			p, err := o.project(argv)
			if err != nil {
				return err
			}
			opt := orchestrator.Options{Stream: true}
			if o.poll {
				opt.Poll = new(time.Duration)
			}
			return runLoop(a, p, opt)
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false) // the command's own flags are not ours
	flags.StringArrayVarP(&o.watch, "watch", "w", nil, "watch `PATTERN`, a file, a directory or a glob; may be given several times (default: everything here)")
	flags.StringArrayVarP(&o.ignore, "ignore", "i", nil, "ignore what matches `PATTERN`; may be given several times")
	flags.StringArrayVarP(&o.cargo, "exec", "x", nil, "run cargo with `CARGO`, before COMMAND; may be given several times")
	flags.StringArrayVarP(&o.env, "env", "E", nil, "set `NAME=VALUE` for the commands; may be given several times")
	flags.StringVarP(&o.delay, "delay", "d", "", "wait until nothing has changed for `TIME`, such as 0.5 (seconds) or 300ms")
	flags.BoolVar(&o.postpone, "postpone", false, "do not run before the first change")
	flags.BoolVar(&o.finish, "no-restart", false, "let the commands finish when a file changes, then run them again")
	flags.BoolVar(&o.unignored, "no-vcs-ignores", false, "also watch what git ignores")
	flags.BoolVar(&o.poll, "poll", false, "poll for changes instead of waiting for the system's events")
	a.attention.flags(cmd)
	return cmd
}

// project makes the configuration from the flags and the command. It is written like a file (JSON is YAML),
// and loaded as one, so that everything means the same.
func (o *watchOptions) project(argv []string) (*project, error) {
	if len(argv)+len(o.cargo) == 0 {
		return nil, usageError{errors.New("no command: give one after `--`, or `-x CARGO`"), "devloop watch"}
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the current directory: %w", err)
	}
	watcher := map[string]any{"on_start": !o.postpone, "gitignore": !o.unignored}
	watch, ignore := o.watch, o.ignore
	if len(watch) == 0 {
		watch = []string{"**"}
		if len(o.cargo) > 0 {
			outside, built := cargoFiles(dir)
			watch, ignore = append(watch, outside...), append(built, ignore...)
		}
	}
	watcher["watch"] = allVerbatim(watch)
	if len(ignore) > 0 {
		watcher["ignore"] = allVerbatim(ignore)
	}
	if o.finish {
		watcher["on_busy"] = "queue"
	}
	if o.delay != "" {
		delay, err := time.ParseDuration(o.delay)
		if seconds, plain := strconv.ParseFloat(o.delay, 64); plain == nil {
			delay, err = time.Duration(seconds*float64(time.Second)), nil
		}
		if err != nil || delay < 0 {
			return nil, usageError{fmt.Errorf("-d %s: expected a time such as 0.5 (seconds) or 300ms", o.delay), "devloop watch"}
		}
		if delay > 0 {
			watcher["settle"] = delay.String()
		}
	}
	if len(o.env) > 0 {
		env := map[string]string{}
		for _, pair := range o.env {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				return nil, usageError{fmt.Errorf("-E %s: expected NAME=VALUE", pair), "devloop watch"}
			}
			env[name] = verbatim(value)
		}
		watcher["env"] = env
	}
	watcher["stages"] = o.stages(argv)
	text, err := json.Marshal(map[string]any{"watchers": map[string]any{"watch": watcher}})
	if err != nil {
		return nil, fmt.Errorf("describe the command line: %w", err)
	}
	cfg, err := schema.Parse(filepath.Join(dir, "devloop watch"), text, schema.Options{})
	if err != nil {
		return nil, commandLineMistakes(err)
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		return nil, commandLineMistakes(mistakes)
	}
	return &project{cfg: cfg, graph: g}, nil
}

// stages are cargo's commands, then the one after `--`.
func (o *watchOptions) stages(argv []string) []any {
	var stages []any
	for _, c := range o.cargo {
		stages = append(stages, map[string]any{"name": verbatim("cargo " + c), "run": "cargo " + c})
	}
	switch len(argv) {
	case 0:
	case 1:
		stages = append(stages, map[string]any{"run": argv[0]})
	default:
		stages = append(stages, map[string]any{"name": verbatim(strings.Join(argv, " ")), "run": allVerbatim(argv)})
	}
	return stages
}

// verbatim is a value in which nothing is filled in.
func verbatim(s string) string { return strings.ReplaceAll(s, "$", "$$") }

func allVerbatim(texts []string) []string {
	all := make([]string, len(texts))
	for i, s := range texts {
		all[i] = verbatim(s)
	}
	return all
}

// cargoFiles are the files outside of dir that a crate is built from, and what cargo builds in it. A
// project that cargo cannot read has neither: its commands will say what is wrong.
func cargoFiles(dir string) (watch, built []string) {
	at := placeOf(dir)
	return starter.CargoFiles(at, starter.Tools{Cargo: cargoMetadata(at.Base)})
}

// commandLineMistakes turns mistakes of the generated file into those of the command line.
func commandLineMistakes(err error) error {
	var mistakes schema.Mistakes
	if !errors.As(err, &mistakes) {
		return err
	}
	var all []error
	for _, m := range mistakes {
		all = append(all, flagMistake{m})
	}
	return errors.Join(all...)
}

// flagMistake is one mistake of the command line.
type flagMistake struct{ m schema.Mistake }

func (e flagMistake) Error() string { return e.m.Msg }
func (e flagMistake) Hint() string  { return e.m.Hint }

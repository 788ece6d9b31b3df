package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

// problemFormats are the forms in which problems prints, by the name of each.
var problemFormats = map[string]func(w io.Writer, d *control.Diagnostics) error{
	"text": problemsText, "quickfix": problemsQuickfix, "json": problemsJSON, "sarif": problemsSARIF, "github": problemsGitHub,
}

func problemsCommand(a *app) *cobra.Command {
	var format string
	var follow bool
	cmd := &cobra.Command{
		Use:   "problems [NAME…]",
		Short: "List the places in files that the last checks and builds complain of",
		Long: `problems lists what compilers, linters and tests complained of when each stage ran last,
and the last words of processes that have failed, as places in files that are there. It
reads what go, cargo, gcc, clang, tsc, eslint, esbuild, Vite, vitest, jest, Node, Python,
pytest, Ruby, PHP, javac, Maven and Kotlin print, and FILE:LINE[:COLUMN]: MESSAGE. Of what
failed and named no place it prints the last lines. Without names, the mistakes of the
configuration come first.

With -f it prints the list again whenever a run has ended, between the lines
"devloop: problems begin" and "devloop: problems end", as editors want it. Exit code 0 if
there are none, 1 if there are some, 3 if no loop is running.

Here -f means --follow. Name a configuration with --file, or with -f before the
command.`,
		Example:           "  devloop problems\n  vim -q <(devloop problems --format quickfix)\n  devloop problems check --format github",
		ValidArgsFunction: a.nodeNames(""),
		RunE: func(_ *cobra.Command, names []string) error {
			write, ok := problemFormats[format]
			if !ok {
				return usageError{fmt.Errorf("--format is text, quickfix, json, sarif or github, not %q", format), "devloop problems --format quickfix"}
			}
			client, _, err := a.connect()
			if err != nil {
				return err
			}
			defer client.Close()
			client.WritesTo(os.Stdout)
			if follow {
				return followProblems(a, client, names, write)
			}
			d, err := askProblems(client, names)
			if err != nil {
				return err
			}
			if err := write(a.stdout, d); err != nil {
				return err
			}
			if len(d.Diagnostics)+len(d.Unplaced) > 0 {
				return exitCode(exitFailed)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&a.file, "file", "", "the configuration `FILE` (default: devloop.yaml here or in a parent)")
	cmd.Flags().StringVar(&format, "format", "text", "text, quickfix, json, sarif or github")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "print the list again whenever a run has ended, until the loop ends")
	return cmd
}

// askProblems asks for what the named nodes complain of; without names, for all, and the mistakes of the configuration.
func askProblems(client *control.Client, names []string) (*control.Diagnostics, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	d, err := client.Diagnostics(ctx, names...)
	if err != nil {
		return nil, answered(err)
	}
	if len(names) > 0 {
		return d, nil
	}
	s, err := client.Status(ctx)
	if err != nil {
		return nil, answered(err)
	}
	d.Diagnostics = slices.Insert(d.Diagnostics, 0, misconfigured(s)...) // still a list if it is empty
	return d, nil
}

// ofConfiguration is the stage that mistakes of the configuration are said to be of; the node is devloop.
const ofConfiguration = "configuration"

// misconfigured are the mistakes of the configuration. One without a place in a file that is there is at the
// configuration's beginning.
func misconfigured(s *control.Status) (all []control.Diagnostic) {
	if s.Mistakes == nil {
		return nil
	}
	for _, m := range s.Mistakes.Mistakes {
		d := control.Diagnostic{Node: "devloop", Stage: ofConfiguration, File: m.File, Line: m.Line, Column: m.Column, Severity: "error", Message: m.Text, Source: "devloop"}
		if !filepath.IsAbs(d.File) {
			d.File = filepath.Join(filepath.Dir(s.Config), d.File)
		}
		switch info, err := os.Stat(d.File); {
		case err == nil && info.Mode().IsRegular() && d.Line > 0:
		case filepath.Base(m.File) == filepath.Base(s.Config): // the loop was started in another directory
			d.File = s.Config
		default:
			if m.File != "" {
				d.Message = fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Text)
			}
			d.File, d.Line, d.Column = s.Config, 1, 1
		}
		if m.Hint != "" {
			d.Message += "; " + m.Hint
		}
		all = append(all, d)
	}
	return all
}

// followProblems prints the list at once, and when a run has ended.
func followProblems(a *app, client *control.Client, names []string, write func(io.Writer, *control.Diagnostics) error) error {
	var shown *control.Diagnostics
	show := func(ended bool) error {
		d, err := askProblems(client, names)
		switch {
		case err != nil && ended:
			return err
		case err != nil:
			return nil // the loop is ending, which the stream of events says
		}
		if !ended && shown != nil && slices.Equal(d.Diagnostics, shown.Diagnostics) && len(d.Unplaced) == len(shown.Unplaced) {
			return nil
		}
		shown = d
		var text strings.Builder
		text.WriteString("devloop: problems begin\n")
		if err := write(&text, d); err != nil {
			return err
		}
		text.WriteString("devloop: problems end\n")
		_, err = io.WriteString(a.stdout, text.String())
		return err
	}
	err := client.Events(context.Background(), control.EventQuery{}, func(line json.RawMessage) error {
		var e control.Event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("read the loop's answer: %w", err)
		}
		switch e.Kind {
		case "run passed", "run failed":
			if len(names) > 0 && !slices.Contains(names, e.Node) {
				return nil
			}
		case "subscribed", "missed":
		case "live", "problems": // perhaps because the configuration has a mistake, or none any more; a process has failed, or is up again
			return show(false)
		default:
			return nil
		}
		return show(true)
	})
	if errors.As(err, new(runError)) || err == nil {
		return err
	}
	return answered(err)
}

func problemsText(w io.Writer, d *control.Diagnostics) error {
	var b strings.Builder
	for _, p := range d.Diagnostics {
		fmt.Fprintf(&b, "%s: %s: %s (%s)\n", console.Place(shorter(p.File), p.Line, p.Column), p.Severity, p.Message, p.Of(", "))
	}
	for _, u := range d.Unplaced {
		if u.More > 0 {
			fmt.Fprintf(&b, "%s: %s more\n", u.Of(", "), console.Count(u.More, "problem"))
		}
		if len(u.Tail) > 0 {
			fmt.Fprintf(&b, "%s: it failed and names no place; its last lines:\n", u.Of(", "))
			for _, line := range u.Tail {
				fmt.Fprintf(&b, "    %s\n", line)
			}
		}
	}
	if b.Len() == 0 {
		b.WriteString("no problems\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// problemsQuickfix is what Vim's errorformat `%f:%l:%c: %t%*[^:]: %m` and most
// editors read.
func problemsQuickfix(w io.Writer, d *control.Diagnostics) error {
	var b strings.Builder
	for _, p := range d.Diagnostics {
		fmt.Fprintf(&b, "%s:%d:%d: %s: %s\n", p.File, p.Line, max(p.Column, 1), p.Severity, p.Message)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func problemsJSON(w io.Writer, d *control.Diagnostics) error { return writeJSON(w, d) }

// problemsGitHub is GitHub's workflow commands:
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
func problemsGitHub(w io.Writer, d *control.Diagnostics) error {
	text := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	var b strings.Builder
	for _, p := range d.Diagnostics {
		level := p.Severity
		if level == "note" {
			level = "notice"
		}
		fmt.Fprintf(&b, "::%s file=%s,line=%d", level, property.Replace(shorter(p.File)), p.Line)
		if p.Column > 0 {
			fmt.Fprintf(&b, ",col=%d", p.Column)
		}
		fmt.Fprintf(&b, ",title=%s::%s\n", property.Replace(p.Of(" ")), text.Replace(p.Message))
	}
	for _, u := range d.Unplaced {
		if len(u.Tail) > 0 {
			fmt.Fprintf(&b, "::error title=%s::%s\n", property.Replace(u.Of(" ")), text.Replace(strings.Join(u.Tail, "\n")))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// The part of SARIF 2.1.0 that code scanners read:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver struct {
				Name string `json:"name"`
			} `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region struct {
				Line   int `json:"startLine"`
				Column int `json:"startColumn,omitempty"`
			} `json:"region"`
		} `json:"physicalLocation"`
	}
)

func problemsSARIF(w io.Writer, d *control.Diagnostics) error {
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0"}
	runs := map[string]int{} // by tool
	for _, p := range d.Diagnostics {
		tool := cmp.Or(p.Source, p.Stage, p.Node)
		i, ok := runs[tool]
		if !ok {
			i = len(log.Runs)
			runs[tool] = i
			run := sarifRun{Results: []sarifResult{}}
			run.Tool.Driver.Name = tool
			log.Runs = append(log.Runs, run)
		}
		result := sarifResult{RuleID: p.Of("/"), Level: p.Severity, Message: sarifText{p.Message}}
		var at sarifLocation
		at.Physical.Artifact.URI = filepath.ToSlash(shorter(p.File))
		at.Physical.Region.Line, at.Physical.Region.Column = p.Line, p.Column
		result.Locations = []sarifLocation{at}
		log.Runs[i].Results = append(log.Runs[i].Results, result)
	}
	if log.Runs == nil {
		run := sarifRun{Results: []sarifResult{}}
		run.Tool.Driver.Name = "devloop"
		log.Runs = []sarifRun{run}
	}
	return writeJSON(w, log)
}

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator"
	"devloop/orchestrator/cas"
	"devloop/orchestrator/console"
	"devloop/orchestrator/reuse"
	"devloop/schema"
)

func reuseCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reuse",
		Short: "Look at the passes that stages with `reuse` are kept by",
		Long: `Stages with reuse that have passed do not run again with the same inputs. What is
needed for that is kept for all projects of this user, on this machine.`,
		Example: "  devloop reuse status\n  devloop reuse why test\n  devloop reuse clear",
	}
	cmd.AddCommand(reuseStatusCommand(a), reuseWhyCommand(a), reuseClearCommand(a))
	return cmd
}

// keptPasses is what `reuse status --json` prints.
type keptPasses struct {
	Dir     string     `json:"dir"`
	Bytes   int64      `json:"bytes"`
	Limit   int64      `json:"limit"`
	Results int        `json:"results"`
	Blobs   int        `json:"blobs"`
	Oldest  *time.Time `json:"oldest,omitempty"` // when what goes next was used
	Hits    int        `json:"hits"`             // how often an earlier pass stood for a stage
	Saved   int64      `json:"saved"`            // nanoseconds that those had taken
}

func reuseStatusCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show what is kept, where, and how much it may be",
		Example: "  devloop reuse status\n  devloop reuse status --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			store, err := cas.Default()
			if err != nil {
				return runError{err}
			}
			u, err := store.Usage()
			if err != nil {
				return runError{err}
			}
			kept := keptPasses{Dir: u.Dir, Bytes: u.Bytes, Limit: u.Limit, Results: u.Results, Blobs: u.Blobs}
			if !u.Oldest.IsZero() {
				kept.Oldest = &u.Oldest
			}
			for _, r := range reuse.Records(store) {
				kept.Hits += r.Hits
				kept.Saved += int64(r.Saved)
			}
			if asJSON {
				return a.json(kept)
			}
			fmt.Fprintf(a.stdout, "%s: %s of %s\n", kept.Dir, bytesText(kept.Bytes), bytesText(kept.Limit))
			text := console.Count(kept.Results, "result")
			if kept.Oldest != nil {
				text += ", the one that goes first was used " + console.Age(time.Since(*kept.Oldest)) + " ago"
			}
			fmt.Fprintln(a.stdout, text)
			if kept.Hits > 0 {
				saved := console.Age(time.Duration(kept.Saved))
				if kept.Saved < int64(time.Second) {
					saved = time.Duration(kept.Saved).Round(time.Millisecond).String()
				}
				fmt.Fprintf(a.stdout, "%s reused, which saved %s\n", console.Count(kept.Hits, "stage"), saved)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func reuseClearCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "clear",
		Short:   "Forget all that is kept, of every project",
		Example: "  devloop reuse clear",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			store, err := cas.Default()
			if err != nil {
				return runError{err}
			}
			before, err := store.Usage()
			if err != nil {
				return runError{err}
			}
			if err := store.Clear(); err != nil {
				return runError{err}
			}
			_, err = fmt.Fprintf(a.stdout, "removed %s: %s\n", bytesText(before.Bytes), console.Count(before.Results, "result"))
			return err
		},
	}
}

func reuseWhyCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why STAGE",
		Short: "Say whether a stage would run now, and what differs from its last pass",
		Long: `why compares what a stage with reuse depends on with its last pass here: files,
variables, what its tools print, the command. It shows no value. STAGE is the name of a
stage, or WATCHER/STAGE where several have it. No loop needs to run; the variables are those of
this terminal.`,
		Example: "  devloop reuse why test\n  devloop reuse why check/test --json",
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			var names []string
			if p, err := a.load(); err == nil && len(args) == 0 {
				for _, s := range reusedStages(p) {
					names = append(names, s.name())
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := a.load()
			if err != nil {
				return err
			}
			s, err := findStage(p, args[0])
			if err != nil {
				return err
			}
			why, err := orchestrator.Why(context.Background(), p.cfg, p.graph, os.Environ(), s.node, s.stage)
			if err != nil {
				return runError{err}
			}
			if asJSON {
				return a.json(why)
			}
			return printWhy(a.stdout, s.name(), why)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// namedStage is a stage of a project.
type namedStage struct {
	node    int
	watcher string
	stage   *schema.Stage
}

func (s namedStage) name() string { return s.watcher + "/" + s.stage.Name }

// reusedStages are those with `reuse`.
func reusedStages(p *project) (all []namedStage) {
	for _, s := range stagesOf(p) {
		if s.stage.Reuse != nil {
			all = append(all, s)
		}
	}
	return all
}

func stagesOf(p *project) (all []namedStage) {
	for i, n := range p.graph.Nodes {
		if n.Watcher == nil {
			continue
		}
		for _, group := range n.Watcher.Groups() {
			for _, s := range group {
				all = append(all, namedStage{i, n.Name, s})
			}
		}
	}
	return all
}

// findStage finds a stage with `reuse` by its name, with its watcher's or without.
func findStage(p *project, name string) (namedStage, error) {
	var found, reused []namedStage
	for _, s := range stagesOf(p) {
		if s.name() == name || s.stage.Name == name {
			found = append(found, s)
			if s.stage.Reuse != nil {
				reused = append(reused, s)
			}
		}
	}
	switch {
	case len(reused) == 1:
		return reused[0], nil
	case len(reused) > 1:
		return namedStage{}, usageError{fmt.Errorf("%s is the name of several stages: %s", name, stageNames(reused)), "devloop reuse why"}
	case len(found) > 0:
		return namedStage{}, usageError{fmt.Errorf("%s has no `reuse`: it always runs", found[0].name()), "devloop reuse why"}
	}
	err := fmt.Errorf("no stage is called %s", name)
	if all := reusedStages(p); len(all) > 0 {
		err = fmt.Errorf("%w; with `reuse` there are %s", err, stageNames(all))
	}
	return namedStage{}, usageError{err, "devloop reuse why"}
}

func stageNames(stages []namedStage) string {
	var names []string
	for _, s := range stages {
		names = append(names, s.name())
	}
	return strings.Join(names, ", ")
}

// printWhy writes what a stage would do, and below it a line for each thing that differs.
func printWhy(w io.Writer, name string, why *reuse.Why) error {
	if why.Passed == nil {
		_, err := fmt.Fprintf(w, "%s would run: no pass of it is known here\n", name)
		return err
	}
	ago := console.Age(time.Since(*why.Passed)) + " ago"
	switch {
	case why.Reused:
		_, err := fmt.Fprintf(w, "%s would not run: it has passed with these inputs %s\n", name, ago)
		return err
	case why.Same():
		_, err := fmt.Fprintf(w, "%s would run: nothing that is known differs from its last pass, %s, but that is no longer kept\n", name, ago)
		return err
	}
	fmt.Fprintf(w, "%s would run: this differs from its last pass, %s\n", name, ago)
	t := table(w)
	const most = 20 // of a kind
	for _, kind := range []struct {
		what  string
		names []string
	}{{"changed", why.Changed}, {"new", why.New}, {"gone", why.Gone}, {"permissions", why.Permissions}, {"variable", why.Variables}} {
		for i, n := range kind.names {
			if i == most {
				fmt.Fprintf(t, "%s\tand %d more\n", kind.what, len(kind.names)-most)
				break
			}
			fmt.Fprintf(t, "%s\t%s\n", kind.what, n)
		}
	}
	if why.Tools {
		fmt.Fprintln(t, "tools\tprint something else")
	}
	if why.Command {
		fmt.Fprintln(t, "command\tit, its `dir` or its `outputs`")
	}
	return t.Flush()
}

// bytesText writes a number of bytes for people.
func bytesText(bytes int64) string {
	unit, value := "B", float64(bytes)
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		unit, value = next, value/1024
	}
	if unit == "B" || value >= 100 {
		return fmt.Sprintf("%.0f %s", value, unit)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}

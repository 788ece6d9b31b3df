package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/cas"
	"devloop/orchestrator/console"
)

func reuseCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reuse",
		Short: "Look at the passes that stages with `reuse` are kept by",
		Long: `Stages with reuse that have passed do not run again with the same inputs. What is
needed for that is kept for all projects of this user, on this machine.`,
		Example: "  devloop reuse status\n  devloop reuse clear",
	}
	cmd.AddCommand(reuseStatusCommand(a), reuseClearCommand(a))
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
			if asJSON {
				return a.json(kept)
			}
			fmt.Fprintf(a.stdout, "%s: %s of %s\n", kept.Dir, bytesText(kept.Bytes), bytesText(kept.Limit))
			text := console.Count(kept.Results, "result")
			if kept.Oldest != nil {
				text += ", the one that goes first was used " + console.Age(time.Since(*kept.Oldest)) + " ago"
			}
			_, err = fmt.Fprintln(a.stdout, text)
			return err
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

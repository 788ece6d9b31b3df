package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"devloop/orchestrator/export"
)

func exportCommand(a *app) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "export systemd|compose|procfile",
		Short: "Export the processes as systemd units, a compose file or a Procfile",
		Long: `export prints the configuration in another tool's form: systemd units with the same
sockets, a compose file, or a Procfile. What has no counterpart there is listed on
standard error, and in the files.`,
		Example:   "  devloop export systemd\n  devloop export systemd -o ~/.config/systemd/user\n  devloop export compose > compose.yaml",
		Args:      cobra.MatchAll(cobra.ExactArgs(1)),
		ValidArgs: slices.Clone(export.Formats),
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(export.Formats, args[0]) {
				return usageError{fmt.Errorf("unknown format %q: systemd, compose or procfile", args[0]), "devloop export"}
			}
			p, err := a.load()
			if err != nil {
				return err
			}
			result, err := export.Write(args[0], p.cfg)
			if err != nil {
				return err
			}
			if err := writeExport(a.stdout, result, dir); err != nil {
				return err
			}
			for _, l := range result.Lost {
				fmt.Fprintf(a.stderr, "devloop: not exported: %s\n", l)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", "", "write into the directory `DIR`; existing files are not overwritten")
	return cmd
}

// exported prints the files, or writes them into a directory: all, or, where
// one is there already, none.
func writeExport(stdout io.Writer, r export.Result, dir string) error {
	if dir == "" {
		for i, f := range r.Files {
			if len(r.Files) > 1 {
				if i > 0 {
					fmt.Fprintln(stdout)
				}
				fmt.Fprintf(stdout, "# ---- %s ----\n", f.Name)
			}
			if _, err := stdout.Write(f.Text); err != nil {
				return fmt.Errorf("print %s: %w", f.Name, err)
			}
		}
		return nil
	}
	for _, f := range r.Files {
		if path := filepath.Join(dir, f.Name); exists(path) {
			return exportThere{path}
		}
	}
	for _, f := range r.Files {
		path := filepath.Join(dir, f.Name)
		if err := create(path, f.Text); err != nil {
			return runError{err}
		}
		fmt.Fprintf(stdout, "wrote %s\n", path)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// exportThere is a file that an export would have to write over.
type exportThere struct{ path string }

func (e exportThere) Error() string {
	return e.path + " exists already; nothing was written"
}
func (e exportThere) Hint() string { return "move it away, or choose another directory with -o" }

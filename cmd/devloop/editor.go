package main

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed vscode-tasks.json
var vscodeTasks []byte // as docs/guides/editors.md shows it

// editors are those that init writes a file for.
var editors = []string{"vscode"}

// writeEditor lets an editor show the loop's problems. A file that is there stays as
// it is.
func writeEditor(a *app, editor string) error {
	if !slices.Contains(editors, editor) {
		return usageError{fmt.Errorf("--editor is %s, not %q; `devloop help editors` says how for others", strings.Join(editors, " or "), editor), "devloop init --editor vscode"}
	}
	dir := "."
	if a.file != "" {
		dir = filepath.Dir(a.file)
	}
	file := filepath.Join(dir, ".vscode", "tasks.json")
	if err := create(file, vscodeTasks); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.stdout, "wrote %s: its task `devloop` fills the Problems view while a loop runs\n", file)
	return err
}

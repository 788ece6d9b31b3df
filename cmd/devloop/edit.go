package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// editorAt is the command that opens a file in the user's editor, at a place in it; column 0 is not known.
// As git does, it lets the shell read $VISUAL or $EDITOR, which may have arguments.
func editorAt(file string, line, column int) (*exec.Cmd, error) {
	editor := cmp.Or(os.Getenv("VISUAL"), os.Getenv("EDITOR"))
	if editor == "" && os.Getenv("TERM_PROGRAM") == "vscode" {
		editor = "code"
	}
	if editor == "" {
		return nil, errors.New("which editor? set EDITOR, for example to vim or to code")
	}
	place := fmt.Sprintf("%s:%d:%d", file, line, max(column, 1))
	var args []string
	switch name := filepath.Base(strings.Fields(editor)[0]); name {
	case "code", "code-insiders", "codium", "cursor", "windsurf":
		args = []string{"-g", place}
	case "zed", "subl", "hx", "helix":
		args = []string{place}
	case "idea", "goland", "pycharm", "webstorm", "rustrover", "rubymine", "phpstorm":
		args = []string{"--line", fmt.Sprint(line), file}
	default: // vi, nano, emacs, kak, micro, …
		args = []string{fmt.Sprintf("+%d", line), file}
	}
	return exec.Command("sh", append([]string{"-c", editor + ` "$@"`, editor}, args...)...), nil
}

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
	editor := editor(os.Getenv)
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

// editor is the one that the user has chosen, or else the one whose terminal this is; "" if neither is known.
func editor(getenv func(string) string) string {
	if chosen := cmp.Or(getenv("VISUAL"), getenv("EDITOR")); chosen != "" {
		return chosen
	}
	switch term := getenv("TERM_PROGRAM"); {
	case term == "vscode" && getenv("CURSOR_TRACE_ID") != "":
		return "cursor"
	case term == "vscode":
		return "code"
	case term == "zed", getenv("ZED_TERM") == "true":
		return "zed"
	case getenv("TERMINAL_EMULATOR") == "JetBrains-JediTerm":
		return "idea"
	}
	return ""
}

// hasWindow tells whether an editor has a window of its own, and does not need the terminal.
func hasWindow(editor string) bool {
	switch name := filepath.Base(strings.Fields(editor)[0]); name {
	case "code", "code-insiders", "codium", "cursor", "windsurf", "zed", "subl", "gvim", "mate", "kate", "gedit",
		"idea", "goland", "pycharm", "webstorm", "rustrover", "rubymine", "phpstorm":
		return true
	}
	return false
}

package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"devloop/orchestrator/console"
	"devloop/orchestrator/report"
)

// style is how much the screen shows: on a terminal that somebody looks at a line a
// good save, and a status line; else every step in a line of its own. columns is the
// terminal's width, nil if it is not to be drawn on.
func (a *app) style(title string, once bool) (style report.Style, columns func() int, err error) {
	if a.status != "auto" && a.status != "off" {
		return style, nil, usageError{fmt.Errorf("--status %s: expected auto or off", a.status), "devloop"}
	}
	if once || a.detached || !isTerminal(a.screen) || os.Getenv("TERM") == "dumb" || os.Getenv("CI") != "" || os.Getenv("ACCESSIBLE") != "" {
		return style, nil, nil
	}
	style.MoreHint = ": `devloop problems` lists them"
	style.Compact, style.Status = !a.verbose, a.status != "off" && isTerminal(os.Stdin)
	if style.Status {
		style.Title = title
		style.MoreHint = ": Enter shows the output, e opens the first"
	}
	if host, err := os.Hostname(); err == nil {
		style.Link = func(path string, line, column int) string { return link(os.Getenv, host, path, line, column) }
	}
	return style, func() int { return width(a.screen) }, nil
}

// link leads to a place in a file in the editor whose terminal this is; in other
// terminals to the file.
func link(getenv func(string) string, host, path string, line, column int) string {
	address := (&url.URL{Path: "/" + strings.TrimPrefix(filepath.ToSlash(path), "/")}).EscapedPath() // on Windows it begins with a letter
	place := console.Place(address, line, column)
	switch term := getenv("TERM_PROGRAM"); {
	case term == "vscode" && getenv("CURSOR_TRACE_ID") != "":
		return "cursor://file" + place
	case term == "vscode":
		return "vscode://file" + place
	case term == "zed" || getenv("ZED_TERM") == "true":
		return "zed://file" + place
	case getenv("TERMINAL_EMULATOR") == "JetBrains-JediTerm":
		return fmt.Sprintf("idea://open?file=%s&line=%d&column=%d", url.QueryEscape(path), line, max(column, 1))
	}
	return "file://" + host + address
}

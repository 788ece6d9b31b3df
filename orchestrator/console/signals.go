package console

import (
	"encoding/base64"
	"os"
	"strings"
)

// Clear empties the terminal's screen, for those who want to see the newest run
// alone. What stood there is moved into the scrollback: rows is the terminal's
// height, and nothing is moved if it is 0. Without [Options.Terminal] nothing
// happens.
func (c *Console) Clear(rows int) {
	c.control(strings.Repeat("\n", max(rows, 0)) + "\x1b[2J\x1b[H")
}

// Bell rings. Without [Options.Terminal] nothing happens.
func (c *Console) Bell() { c.control("\a") }

// Notify asks the terminal to show a notification of the desktop, as many do
// when they are told with an OSC code; others ignore it. Without
// [Options.Terminal] nothing happens, and nothing while somebody works in it, see
// [Console.Focus].
func (c *Console) Notify(title, text string) {
	if !c.focused.Load() {
		c.control(notification(title, text, os.Getenv))
	}
}

// Focus says whether the terminal has the focus, which it tells with
// [Options.Focus]. Many do when that changes, others never do.
func (c *Console) Focus(has bool) { c.focused.Store(has) }

// notification is OSC 777, which urxvt brought up, for terminals known to want
// it, and OSC 9, which iTerm2 did, for all others; in tmux wrapped so that it is
// passed on (allow-passthrough).
func notification(title, text string, getenv func(string) string) string {
	title, text = oneLine(title), oneLine(text)
	code := "\x1b]9;" + title + ": " + text + "\a"
	if term := getenv("TERM"); getenv("VTE_VERSION") != "" || strings.HasPrefix(term, "rxvt") || strings.HasPrefix(term, "foot") {
		code = "\x1b]777;notify;" + strings.ReplaceAll(title, ";", ",") + ";" + text + "\a"
	}
	if getenv("TMUX") != "" {
		code = "\x1bPtmux;" + strings.ReplaceAll(code, "\x1b", "\x1b\x1b") + "\x1b\\"
	}
	return code
}

// Copy puts a text into the clipboard, in terminals that allow it (OSC 52).
// Without [Options.Terminal] nothing happens.
func (c *Console) Copy(text string) {
	c.control("\x1b]52;c;" + base64.StdEncoding.EncodeToString([]byte(text)) + "\a")
}

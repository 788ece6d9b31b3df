package console

// Tone is what kind of news a line of devloop's own is.
type Tone int

const (
	Plain Tone = iota
	Dim        // progress
	Good
	Bad
	Warn
)

var toneCode = map[Tone]string{Plain: "", Dim: "\x1b[2m", Good: "\x1b[32m", Bad: "\x1b[31m", Warn: "\x1b[33m"}

const reset = "\x1b[0m"

// A hyperlink of a terminal (OSC 8): what stands between one with an address and
// one without leads there.
const (
	linkStart = "\x1b]8;;"
	linkEnd   = "\x1b\\"
)

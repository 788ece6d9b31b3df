package sdnotify

import (
	"slices"
	"strings"
	"unicode"
)

// maxMessage is how many bytes a message may have: systemd's own limit, which
// is PIPE_BUF of Linux (src/core/manager.c, NOTIFY_BUFFER_MAX).
const maxMessage = 4096

// barrier is the only assignment of a message that asks for synchronisation;
// its descriptor is closed when all messages before it have been handled.
const barrier = "BARRIER=1"

// Message is what one datagram said, in the terms of sd_notify(3), as far as it
// matters here. What was not said is the zero value.
type Message struct {
	Ready     bool // READY=1: the start, or the reload, is done
	Reloading bool // RELOADING=1: it reads its configuration again, and says Ready after that
	Stopping  bool // STOPPING=1: it is shutting down

	// Status is STATUS=, one line for people, without control characters.
	// StatusSet tells that it was said: an empty one takes the last one back.
	Status    string
	StatusSet bool
}

// parse reads a message: lines of KEY=value. Of a key that stands twice the
// first counts, and what is not known is passed over, as in systemd. A message
// that cannot be used says nothing: one that is too long, has a zero byte in it,
// or a barrier that is not alone or has not one descriptor.
func parse(text string) (m Message) {
	text = strings.TrimSuffix(text, "\x00") // some senders count C's end of the string
	lines := strings.Split(text, "\n")
	if len(text) > maxMessage || strings.Contains(text, "\x00") || slices.Contains(lines, barrier) {
		return Message{}
	}
	for _, line := range lines {
		switch line {
		case "READY=1":
			m.Ready = true
		case "RELOADING=1":
			m.Reloading = true
		case "STOPPING=1":
			m.Stopping = true
		default:
			if status, ok := strings.CutPrefix(line, "STATUS="); ok && !m.StatusSet {
				m.Status, m.StatusSet = plain(status), true
			}
		}
	}
	return m
}

// changesState tells whether the message moves the process from one state to
// another, so that losing it would be worse than losing a line of status.
func (m *Message) changesState() bool { return m.Ready || m.Reloading || m.Stopping }

// plain is text that cannot move a terminal's cursor or recolour it: what is
// not printable becomes a space.
func plain(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD")))
}

package sdnotify

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// maxMessage is how many bytes a message may have: systemd's own limit, which
// is PIPE_BUF of Linux (src/core/manager.c, NOTIFY_BUFFER_MAX).
const maxMessage = 4096

// Message is what one datagram said, in the terms of sd_notify(3). What was
// not said is the zero value.
type Message struct {
	Ready     bool // READY=1: the start, or the reload, is done
	Reloading bool // RELOADING=1: it reads its configuration again, and says Ready after that
	Stopping  bool // STOPPING=1: it is shutting down

	// Monotonic is MONOTONIC_USEC, which goes with Reloading: the sender's
	// CLOCK_MONOTONIC at that moment.
	Monotonic time.Duration

	// Status is STATUS=, one line for people, without control characters.
	// StatusSet tells that it was said: an empty one takes the last one back.
	Status    string
	StatusSet bool

	Errno   int // ERRNO=, the errno(3) of what failed
	MainPID int // MAINPID=, the process that the sender says matters

	// ExtendTimeout is EXTEND_TIMEOUT_USEC: the start, reload or stop under way
	// asks for that much time from now on.
	ExtendTimeout time.Duration

	Watchdog bool // WATCHDOG=1: it is still alive

	// PID is the sender as the kernel tells it; 0 where it does not (Linux
	// does), or where the sender is in a namespace that is not seen from here.
	PID int

	// Others are the assignments with unknown keys, and known ones whose value
	// makes no sense, in the order of the message.
	Others []Assignment

	// Refused says what is wrong with the message, or which part of it is not
	// acted on, each a clause without a full stop. All else may be empty then.
	Refused []string
}

// Assignment is one KEY=value line of a message, as it was sent. It is another
// program's text: escape it before it goes to a terminal.
type Assignment struct{ Key, Value string }

// parse reads a message: lines of KEY=value. Of a key that stands twice the
// first counts, and lines that are no assignment are passed over, as in systemd.
// The error says why nothing of it can be used.
func parse(text []byte) (Message, error) {
	var m Message
	if len(text) > maxMessage {
		return m, fmt.Errorf("the message is longer than %d bytes", maxMessage)
	}
	text = bytes.TrimSuffix(text, []byte{0}) // some senders count C's end of the string
	if bytes.IndexByte(text, 0) >= 0 {
		return m, errors.New("the message has a zero byte in it")
	}
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		if len(line) == 0 {
			continue
		}
		key, value, ok := strings.Cut(string(line), "=")
		if !ok || key == "" {
			m.Refused = append(m.Refused, fmt.Sprintf("the line %q is no assignment", clip(string(line))))
			continue
		}
		if !m.assign(key, value) {
			m.Others = append(m.Others, Assignment{key, value})
		}
	}
	return m, nil
}

// assign acts on a known key, and returns whether the value made sense.
func (m *Message) assign(key, value string) bool {
	flag := func(to *bool) bool {
		*to = *to || value == "1"
		return value == "1"
	}
	duration := func(to *time.Duration) bool {
		usec, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return false
		}
		if *to == 0 {
			*to = time.Duration(min(usec, math.MaxInt64/1000)) * time.Microsecond
		}
		return true
	}
	number := func(to *int) bool {
		n, err := strconv.ParseInt(value, 10, 32)
		if err != nil || n <= 0 {
			return false
		}
		if *to == 0 {
			*to = int(n)
		}
		return true
	}
	switch key {
	case "READY":
		return flag(&m.Ready)
	case "RELOADING":
		return flag(&m.Reloading)
	case "STOPPING":
		return flag(&m.Stopping)
	case "WATCHDOG":
		return flag(&m.Watchdog)
	case "MONOTONIC_USEC":
		return duration(&m.Monotonic)
	case "EXTEND_TIMEOUT_USEC":
		return duration(&m.ExtendTimeout)
	case "ERRNO":
		return number(&m.Errno)
	case "MAINPID":
		return number(&m.MainPID)
	case "STATUS":
		if !m.StatusSet {
			m.Status, m.StatusSet = plain(value), true
		}
		return true
	case "FDSTORE", "FDSTOREREMOVE":
		if value != "1" {
			return false
		}
		m.Refused = append(m.Refused, key+"=1: no descriptors are kept for the next start")
		return true
	}
	return false
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

// clip is as much of a text as a message about it needs.
func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}

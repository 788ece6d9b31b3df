package sdnotify

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"devloop/orchestrator/test/testenv"
)

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want Message
	}{
		"ready":              {"READY=1", Message{Ready: true}},
		"ready and newline":  {"READY=1\n", Message{Ready: true}},
		"ready and C string": {"READY=1\x00", Message{Ready: true}},
		"gunicorn":           {"READY=1\nSTATUS=Gunicorn arbiter booted", Message{Ready: true, Status: "Gunicorn arbiter booted", StatusSet: true}},
		"reloading":          {"RELOADING=1\nMONOTONIC_USEC=1500000", Message{Reloading: true}},
		"stopping":           {"STOPPING=1", Message{Stopping: true}},
		"no more status":     {"STATUS=", Message{StatusSet: true}},
		"status of a terminal's taste": {"STATUS=\x1b[31mred\x1b[0m\tor\xffnot",
			Message{Status: "[31mred [0m or\uFFFDnot", StatusSet: true}},
		"failure":          {"STATUS=Failed: no such file\nERRNO=2", Message{Status: "Failed: no such file", StatusSet: true}},
		"value with equal": {"STATUS=a=b", Message{Status: "a=b", StatusSet: true}},
		"the first counts": {"MAINPID=1\nSTATUS=a\nSTATUS=b", Message{Status: "a", StatusSet: true}},
		"senseless values": {"READY=yes\nERRNO=-1\nMAINPID=x\nWATCHDOG=trigger\nFDSTORE=0", Message{}},
		"unknown":          {"X_COLOUR=blue\nREADY=1", Message{Ready: true}},
		"no assignment":    {"READY\n=1\nREADY=1", Message{Ready: true}},
		"zero byte":        {"READY=1\x00STOPPING=1", Message{}},
		"too long":         {"READY=1\nSTATUS=" + strings.Repeat("x", 5e3), Message{}},
		"barrier":          {"BARRIER=1\nREADY=1", Message{}},
		"nothing":          {"", Message{}},
	} {
		if got := parse(tt.text); got != tt.want {
			t.Errorf("%s: got %+v\nwant %+v", name, got, tt.want)
		}
	}
}

// Whatever is sent, the result is harmless on a terminal, and says no more than the text did.
func FuzzParse(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzParse.txtar")
	for _, text := range []string{"READY=1", "STATUS=\x1b]0;x\a\nERRNO=2", "A=\x00", "RELOADING=1\nMONOTONIC_USEC=99999999999999999999", "FDSTORE=1\n\n=\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := parse(string(text))
		if m.Ready && !strings.Contains(string(text), "READY=1") {
			t.Fatalf("nobody said READY=1: %q", text)
		}
		if !utf8.ValidString(m.Status) || strings.ContainsFunc(m.Status, unicode.IsControl) {
			t.Fatalf("status %q", m.Status)
		}
	})
}

func TestQueueKeepsStates(t *testing.T) {
	q := newQueue()
	released := 0
	q.put(item{message: Message{Ready: true}})
	q.put(item{release: func() { released++ }})
	for range 3 * maxQueued {
		q.put(item{message: Message{Status: "x", StatusSet: true}})
	}
	q.put(item{message: Message{Stopping: true}})
	items := q.take()
	if len(items) != maxQueued || !items[0].message.Ready || items[1].release == nil || !items[maxQueued-1].message.Stopping {
		t.Errorf("a flood of status pushed states out: %d left, first %+v, last %+v", len(items), items[0].message, items[len(items)-1].message)
	}
	q.put(items[1])
	for range maxQueued + 1 {
		q.put(item{message: Message{Ready: true}})
	}
	if n := len(q.take()); n != maxQueued || released != 1 {
		t.Errorf("a flood of states: %d left, %d barriers released, want %d and 1", n, released, maxQueued)
	}
}

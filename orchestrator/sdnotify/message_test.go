package sdnotify

import (
	"reflect"
	"strings"
	"testing"
	"time"
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
		"reloading":          {"RELOADING=1\nMONOTONIC_USEC=1500000", Message{Reloading: true, Monotonic: 1500 * time.Millisecond}},
		"stopping":           {"STOPPING=1", Message{Stopping: true}},
		"no more status":     {"STATUS=", Message{StatusSet: true}},
		"status of a terminal's taste": {"STATUS=\x1b[31mred\x1b[0m\tor\xffnot",
			Message{Status: "[31mred [0m or\uFFFDnot", StatusSet: true}},
		"failure":          {"STATUS=Failed: no such file\nERRNO=2", Message{Status: "Failed: no such file", StatusSet: true, Errno: 2}},
		"main pid":         {"MAINPID=4711", Message{MainPID: 4711}},
		"more time":        {"EXTEND_TIMEOUT_USEC=30000000", Message{ExtendTimeout: 30 * time.Second}},
		"endless time":     {"EXTEND_TIMEOUT_USEC=18446744073709551615", Message{ExtendTimeout: time.Duration(1<<63-1) / 1000 * 1000}},
		"watchdog":         {"WATCHDOG=1", Message{Watchdog: true}},
		"value with equal": {"STATUS=a=b", Message{Status: "a=b", StatusSet: true}},
		"the first counts": {"MAINPID=1\nMAINPID=2\nSTATUS=a\nSTATUS=b", Message{MainPID: 1, Status: "a", StatusSet: true}},
		"senseless values": {"READY=yes\nERRNO=-1\nMAINPID=x\nWATCHDOG=trigger\nEXTEND_TIMEOUT_USEC=soon\nFDSTORE=0", Message{Others: []Assignment{
			{"READY", "yes"}, {"ERRNO", "-1"}, {"MAINPID", "x"}, {"WATCHDOG", "trigger"}, {"EXTEND_TIMEOUT_USEC", "soon"}, {"FDSTORE", "0"}}}},
		"unknown": {"X_COLOUR=blue\nREADY=1", Message{Ready: true, Others: []Assignment{{"X_COLOUR", "blue"}}}},
		"descriptors": {"FDSTORE=1\nFDNAME=db", Message{Others: []Assignment{{"FDNAME", "db"}},
			Refused: []string{"FDSTORE=1: no descriptors are kept for the next start"}}},
		"no assignment": {"READY\n=1\nREADY=1", Message{Ready: true,
			Refused: []string{`the line "READY" is no assignment`, `the line "=1" is no assignment`}}},
		"nothing": {"", Message{}},
	} {
		got, err := parse([]byte(tt.text))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, tt.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"READY=1\x00STOPPING=1":              "zero byte",
		"STATUS=" + strings.Repeat("x", 5e3): "longer than 4096",
	} {
		if m, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || !reflect.DeepEqual(m, Message{}) {
			t.Errorf("%.20q: got %+v, %v; want an error with %q", text, m, err, want)
		}
	}
}

// Whatever is sent, the result is bounded, harmless on a terminal, and says no more than the text did.
func FuzzParse(f *testing.F) {
	testenv.Seeds(f, "testdata/fuzz/FuzzParse.txtar")
	for _, text := range []string{"READY=1", "STATUS=\x1b]0;x\a\nERRNO=2", "A=\x00", "RELOADING=1\nMONOTONIC_USEC=99999999999999999999", "FDSTORE=1\n\n=\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parse(text)
		if err != nil {
			if !reflect.DeepEqual(m, Message{}) {
				t.Fatalf("an error, and yet %+v", m)
			}
			return
		}
		if len(text) > maxMessage+1 || len(m.Others)+len(m.Refused) > len(text) {
			t.Fatalf("%d bytes became %+v", len(text), m)
		}
		if m.Ready && !strings.Contains(string(text), "READY=1") {
			t.Fatalf("nobody said READY=1: %q", text)
		}
		if !utf8.ValidString(m.Status) || strings.ContainsFunc(m.Status, unicode.IsControl) {
			t.Fatalf("status %q", m.Status)
		}
		if m.Errno < 0 || m.MainPID < 0 || m.ExtendTimeout < 0 || m.Monotonic < 0 {
			t.Fatalf("negative: %+v", m)
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

//go:build linux || darwin

package guardian

// For the tests, which are a package of their own: what they import would otherwise be initialised before the guardian acts.

const Marker = marker

var (
	Inherited = inherited
	Valid     = valid
)

// PID is the process id of the guardian.
func (g *Guardian) PID() int { return g.pid() }

// CrashRecordOf reads a crash record's text and writes it again.
func CrashRecordOf(text string) (string, error) {
	l, err := parseRecord(text)
	if err != nil {
		return "", err
	}
	return string(l.text()), nil
}

// ThisCrashRecord is a crash record of this process.
func ThisCrashRecord(mark string, change func(owner *int, start *uint64, boot, space *string)) (string, error) {
	l, err := newCrashRecord(mark, 0)
	if err != nil {
		return "", err
	}
	l.grace = DefaultGrace
	if change != nil {
		change(&l.owner, &l.start, &l.boot, &l.space)
	}
	return string(l.text()), nil
}

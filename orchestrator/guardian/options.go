package guardian

import (
	"os"
	"time"
)

// Options configure a guardian.
type Options struct {
	// Mark is the loop's, from [NewMark].
	Mark string
	// Grace is the time from SIGTERM to SIGKILL; zero means DefaultGrace, and MaxGrace is the most.
	Grace time.Duration
	// CrashRecord is the path of the file that the next start passes to [Sweep], in a directory that belongs to this
	// user alone and survives the loop. Empty means none.
	CrashRecord string
	// Lost is called when the guardian was killed (times so far), or when the next one could not be started; another
	// one is started after the pause. Until then only the next Sweep would end what a sudden end of the loop leaves
	// behind. It is called by a goroutine that Close waits for. It may be nil.
	Lost func(times int, pause time.Duration)
	// Terminal is one whose modes the owner has changed; nil if there is none.
	Terminal *Terminal
}

// Terminal is a terminal whose modes the owner restores when it ends. After a sudden end the guardian does, where there
// is one, but only if the modes are still as the owner has set them, because a shell sets its own, and if no other job
// has the terminal.
type Terminal struct {
	File           *os.File // stays the caller's
	Before, During []byte   // the modes in the system's form: struct termios
	Reset          string   // written to it beside that; "": nothing
}

const (
	DefaultGrace = 5 * time.Second
	MaxGrace     = time.Minute
)

func (o Options) grace() time.Duration {
	if o.Grace <= 0 {
		return DefaultGrace
	}
	return min(o.Grace, MaxGrace)
}

// patience is how long the owner tries to kill before it reports survivors.
const patience = 10 * time.Second

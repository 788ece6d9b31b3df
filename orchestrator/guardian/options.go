package guardian

import (
	"os"
	"time"
)

// Options say for whom a guardian is, and how it ends them.
type Options struct {
	// Mark is the loop's, from [NewMark].
	Mark string
	// Grace is the time from SIGTERM to SIGKILL; zero stands for DefaultGrace, and more than MaxGrace for that.
	Grace time.Duration
	// CrashRecord is the path of the file that the next start gives to [Sweep], in a directory that is this user's alone and
	// survives the loop. Empty means none.
	CrashRecord string
	// Lost is called when somebody has ended the guardian, so many times by now, or when the next one could not be started;
	// another one is started after the pause. Until then only the next Sweep would end what a sudden end of the loop leaves
	// behind. It is called by a goroutine that Close waits for. Nil means nobody.
	Lost func(times int, pause time.Duration)
	// Terminal is one whose modes the owner has changed; nil if there is none.
	Terminal *Terminal
}

// Terminal is one whose modes the owner puts back when it ends. After a sudden end the guardian does, where there is one, but
// only if they are still as the owner has set them, a shell has its own by then, and no other job has the terminal.
type Terminal struct {
	File           *os.File // stays the caller's
	Before, During []byte   // the modes as the system writes them down: struct termios
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

// patience is how long the owner tries to kill what does not go away, before it says so.
const patience = 10 * time.Second

package machine

// Action is something the loop must do. The set is sealed: the types below.
type Action interface{ action() }

type (
	// StartStage starts a command; StageExited answers it, always and once.
	StartStage struct {
		Node, Run, Stage int
		Paths            []string // what changed, for the stage's environment
	}
	// StopStage asks a running stage to end.
	StopStage struct{ Node, Run, Stage int }
	// KillStage ends its whole tree.
	KillStage struct{ Node, Run, Stage int }

	// Drain asks for Drained once every write so far has been delivered.
	Drain struct{ Node, Run int }
	// Touch touches the triggers of a watcher; Touched answers it, always and once.
	Touch struct{ Node, Run int }

	// StartProcess starts a generation; ProcessExited answers it, always and
	// once, after ProcessStarted if it could be started at all.
	StartProcess struct {
		Node, Gen int
		Paths     []string // what changed, for its environment
	}
	// ServeProcess says that a generation is the one that serves from now on.
	ServeProcess struct{ Node, Gen int }
	// StopProcess asks a generation to end.
	StopProcess struct{ Node, Gen int }
	// KillProcess ends its whole tree.
	KillProcess struct{ Node, Gen int }
	// ReloadProcess sends the reload signal.
	ReloadProcess struct {
		Node, Gen int
		Paths     []string // what changed
	}

	// Awaited answers an Await, once: OK, or Node is the first that failed or is
	// held back by a failure.
	Awaited struct {
		ID   int
		OK   bool
		Node int
	}

	// Exit ends the loop: nothing is running any more.
	Exit struct{ Code int }
)

func (StartStage) action()    {}
func (StopStage) action()     {}
func (KillStage) action()     {}
func (Drain) action()         {}
func (Touch) action()         {}
func (StartProcess) action()  {}
func (ServeProcess) action()  {}
func (StopProcess) action()   {}
func (KillProcess) action()   {}
func (ReloadProcess) action() {}
func (Awaited) action()       {}
func (Exit) action()          {}
func (Report) action()        {}

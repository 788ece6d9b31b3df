package machine

// Action is something the loop must do. The set is sealed: the types below.
//
// The actions of a step are carried out in their order, all of them before the next
// event. None may wait for its outcome: that is an event. What is to be answered is
// answered also if it could not be done, with an End or an Err that says why.
type Action interface{ action() }

type (
	// StartStage starts a command; StageExited answers it, always and once. The other
	// stages of its group may be running, those of earlier groups have exited.
	StartStage struct {
		Node, Run, Stage int
		Paths            []string // what changed, for the stage's environment
	}
	// StopStage asks a stage that has not exited to end, once at most.
	StopStage struct{ Node, Run, Stage int }
	// KillStage ends its whole tree, whether it was asked before or not. It may come
	// more than once.
	KillStage struct{ Node, Run, Stage int }

	// Drain asks for Drained. It comes when the last stage of the run has exited, and
	// before the run has passed or failed: FilesChanged for all that the stages wrote
	// has to come before the answer, or what is downstream starts twice.
	Drain struct{ Node, Run int }
	// Touch touches the triggers of a watcher; Touched answers it, always and once. The
	// readers start meanwhile: what the triggers' own files tell is to be dropped.
	Touch struct{ Node, Run int }

	// StartProcess starts a generation. It is answered by ProcessStarted, if it could be
	// started at all, ProcessReady, when it is ready, and ProcessExited, always, once
	// and last. No other generation of the process lives, but for one that serves under
	// start-first; those with lower numbers have exited.
	StartProcess struct {
		Node, Gen int
		Paths     []string // what changed, for its environment
	}
	// ServeProcess says that a generation is ready, and the one that serves from now on.
	// New requests have to go to it before StopProcess for the old one is carried out,
	// which follows in the same step.
	ServeProcess struct{ Node, Gen int }
	// StopProcess asks a generation that has not exited to end. It comes once at most.
	StopProcess struct{ Node, Gen int }
	// KillProcess ends its whole tree, whether it was asked before or not, once at most.
	KillProcess struct{ Node, Gen int }
	// ReloadProcess sends the reload signal to the generation that serves. Nothing
	// answers it, and a signal that cannot be sent is no matter for the machine.
	ReloadProcess struct {
		Node, Gen int
		Paths     []string // what changed
	}

	// Awaited answers an Await, once: OK, or Node is the first that failed or is
	// held back by a failure. A Forget, or a shut-down, leaves an Await without answer.
	Awaited struct {
		ID   int
		OK   bool
		Node int
	}

	// Exit ends the loop. It is the last action: every command that was started has
	// exited. A Drain or a Touch may still be without its answer, which nobody needs.
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

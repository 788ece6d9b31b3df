package machine

// Action is something the loop must do. The set is sealed: the types below.
//
// The actions of a step are carried out in order, all of them before the next event. None may wait for its
// outcome, which comes as an event. An action that needs an answer gets one even if it could not be carried
// out, with an End or an Err that says why.
type Action interface{ action() }

type (
	// StartStage starts a command; StageExited answers it, always and once. Other stages of its group may be
	// running, those of earlier groups have exited.
	StartStage struct {
		Node, Run, Stage int
		Paths            []string // what changed, for the stage's environment
		Fresh            bool     // asked for by hand: no earlier pass may stand for it
	}
	// StopStage asks a stage that has not exited to end. It comes at most once.
	StopStage struct{ Node, Run, Stage int }
	// KillStage ends the stage's whole tree, whether it was asked to end before or not. It may come more than
	// once.
	KillStage struct{ Node, Run, Stage int }

	// Drain asks for Drained. It comes when the last stage of the run has exited, and before the run passes
	// or fails: FilesChanged for everything that the stages wrote must come before the answer, or nodes
	// downstream would start twice.
	Drain struct{ Node, Run int }
	// Touch touches the triggers of a watcher; Touched answers it, always and once. The machine starts the
	// readers itself, so changes of the trigger files are to be dropped.
	Touch struct{ Node, Run int }

	// StartProcess starts a generation. The answers are ProcessStarted, if it could be started, ProcessReady,
	// when it is ready, and ProcessExited, always, once and last. Generations with lower numbers have exited,
	// except one that serves under start-first.
	StartProcess struct {
		Node, Gen int
		Paths     []string // what changed, for its environment
	}
	// ServeProcess says that a generation is ready, and now the one that serves. New requests must go to it
	// before StopProcess for the old one is carried out, which follows in the same step.
	ServeProcess struct{ Node, Gen int }
	// StopProcess asks a generation that has not exited to end. It comes at most once.
	StopProcess struct{ Node, Gen int }
	// KillProcess ends its whole tree, whether it was asked to end before or not. It comes at most once.
	KillProcess struct{ Node, Gen int }
	// ReloadProcess sends the reload signal to the generation that serves. It has no answer, and a signal
	// that cannot be sent does not matter to the machine.
	ReloadProcess struct {
		Node, Gen int
		Paths     []string // what changed
	}

	// Awaited answers an Await, once: OK, or Node is the first that failed or is held back by a failure.
	// After a Forget, or in a shut-down, an Await has no answer.
	Awaited struct {
		ID   int
		OK   bool
		Node int
	}

	// Exit ends the loop. It is the last action: every command that was started has exited. A Drain or a
	// Touch may still lack its answer.
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

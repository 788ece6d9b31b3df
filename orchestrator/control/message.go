package control

import (
	"fmt"
	"time"
)

// The paths of version 1. docs/control.md describes them.
const (
	PathStatus      = "/v1/status"      // GET: Status
	PathWake        = "/v1/wake"        // GET ?node=NAME: Wake
	PathDiffering   = "/v1/differing"   // GET ?var=NAME:FINGERPRINT: Differing
	PathEvents      = "/v1/events"      // GET ?since=BOOT.SEQ&snapshot=true: a stream of Event, one JSON object a line
	PathCycles      = "/v1/cycles"      // GET ?last=N: Cycles
	PathLogs        = "/v1/logs"        // GET ?node=NAME&since=TIME&run=N&stage=NAME&tail=N&follow=true: a stream of Line, one JSON object a line
	PathDiagnostics = "/v1/diagnostics" // GET ?node=NAME: Diagnostics
	PathWait        = "/v1/wait"        // GET ?node=NAME: Verdict, when there is one
	PathTrigger     = "/v1/trigger"     // POST ?node=NAME: []Moved; so are the next three
	PathRestart     = "/v1/restart"
	PathStop        = "/v1/stop"
	PathStart       = "/v1/start"
	PathDown        = "/v1/down"   // POST: Down
	PathLogin       = "/v1/login"  // POST: Login
	PathAttach      = "/v1/attach" // POST ?node=NAME with Upgrade: AttachProtocol
)

// OutputHeader of a request for a stream is the [FileID] of the file that the client writes it to.
const OutputHeader = "Devloop-Output"

// Status is what a loop does at one moment.
type Status struct {
	Config   string    `json:"config"` // the absolute path of the file
	PID      int       `json:"pid"`
	Since    time.Time `json:"since"`
	Boot     string    `json:"boot"` // names this loop among all
	Seq      uint64    `json:"seq"`  // of its last event; BOOT.SEQ is where a reader of events goes on from here
	Live     Live      `json:"live"`
	Watching *Watching `json:"watching"`           // null with --no-watch
	Mistakes *Mistakes `json:"mistakes,omitempty"` // in the configuration as it is written now; the last good one is in force
	History  *History  `json:"history,omitempty"`  // where cycles are kept that outlive the loop
	Nodes    []Node    `json:"nodes"`              // in the order of the file

	Dashboard string `json:"dashboard,omitempty"` // its address, which does not log in
	Editor    string `json:"editor,omitempty"`    // whose terminal the loop runs in: "vscode", "cursor", "zed", "idea"

	Sockets []Socket `json:"sockets"`
}

// Live says whether what was saved is live, as a wait for all nodes would that were asked now.
type Live struct {
	// State is "live" (the wait ends at once), "failed" (it fails at once), "building" (something works on it) or
	// "behind" (nothing does: an older version answers).
	State string `json:"state"`

	Cycle   int      `json:"cycle"`             // the newest at which everything was live; 0: none yet
	Newest  int      `json:"newest"`            // the newest of all
	Answers int      `json:"answers,omitempty"` // from which cycle the processes are that are up, the oldest of them; 0: none is
	Nodes   []string `json:"nodes,omitempty"`   // what has failed, else what the wait waits for, upstream first
	Why     string   `json:"why,omitempty"`     // of "failed", in words
}

// Meanwhile says which save answers while not everything is live, such as "save 11 still answers"; "" if none does.
func (l Live) Meanwhile() string {
	switch {
	case l.Answers == 0:
		return ""
	case l.Answers < l.Newest:
		return fmt.Sprintf("save %d still answers", l.Answers)
	}
	return fmt.Sprintf("save %d answers", l.Answers)
}

// History is the file of a project's cycles.
type History struct {
	File  string `json:"file"`
	Error string `json:"error,omitempty"` // why it cannot be read, or added to
}

// Cycles are the last cycles of a project, newest last, with those of loops before this one and those that go on.
type Cycles struct {
	Boot   string  `json:"boot"` // of this loop
	Cycles []Cycle `json:"cycles"`
}

// Diagnostics are what the tools complained of in the last runs, as places in files.
type Diagnostics struct {
	Diagnostics []Diagnostic `json:"diagnostics"` // in the order of the file, then of the output
	Unplaced    []Unplaced   `json:"unplaced"`
}

// Diagnostic is one complaint about a place in a file that exists.
type Diagnostic struct {
	Node       string `json:"node"`
	Stage      string `json:"stage"` // empty: of a process that has failed
	Run        int    `json:"run"`
	File       string `json:"file"` // absolute
	Line       int    `json:"line"`
	Column     int    `json:"column,omitempty"` // in the tool's own units; 0 if it names none
	Severity   string `json:"severity"`         // "error", "warning" or "note"
	Message    string `json:"message"`
	Source     string `json:"source,omitempty"` // the tool, where its form is known
	OutputLine int    `json:"output_line"`      // of the output; 0: not known
}

// Of names whose complaint it is: the node, and the stage if it is a watcher's, with this between them.
func (d Diagnostic) Of(between string) string { return of(d.Node, between, d.Stage) }

// Of is the same of what has no place.
func (u Unplaced) Of(between string) string { return of(u.Node, between, u.Stage) }

func of(node, between, stage string) string {
	if stage == "" {
		return node
	}
	return node + between + stage
}

// Broke is the save with which something began to fail that fails now.
type Broke struct {
	Node  string    `json:"node"`
	Stage string    `json:"stage"` // "": the node itself, such as a process
	Cycle int       `json:"cycle"` // 0: no save led to it
	Boot  string    `json:"boot"`  // of the loop that counts so
	Paths []string  `json:"paths"`
	More  int       `json:"more,omitempty"`
	Since time.Time `json:"since"`
}

// Unplaced is what a stage complained of beyond its diagnostics.
type Unplaced struct {
	Node  string   `json:"node"`
	Stage string   `json:"stage"`
	Run   int      `json:"run"`
	More  int      `json:"more,omitempty"` // places that are too many to list
	Tail  []string `json:"tail,omitempty"` // of a failure that names no place: its last lines
}

// Mistakes are why the configuration, as it is written now, does not become the current one.
type Mistakes struct {
	Since time.Time `json:"since"` // when it was first read so
	List  []string  `json:"list"`  // each begins with its place, FILE:LINE:COL, where it has one

	Mistakes []Mistake `json:"mistakes"` // the same, taken apart
}

// Mistake is one mistake of the configuration.
type Mistake struct {
	File   string `json:"file,omitempty"` // empty: it has no place
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"` // in characters, from 1
	Text   string `json:"text"`
	Hint   string `json:"hint,omitempty"`
}

// PlannedStage is a stage of a watcher, whether it runs now or not.
type PlannedStage struct {
	Name     string        `json:"name"`
	Group    int           `json:"group"`              // stages of one group run side by side; from 0
	State    string        `json:"state"`              // "waiting" (its turn in the run comes), "running", or how it ended last: a CycleStage.Result; "not run": never
	Run      int           `json:"run,omitempty"`      // in which it ran last
	Since    *time.Time    `json:"since,omitempty"`    // when it began then
	Took     time.Duration `json:"took,omitempty"`     // in nanoseconds, once it has ended
	Usual    time.Duration `json:"usual,omitempty"`    // as in Stage
	Problems int           `json:"problems,omitempty"` // how many places its output complained of
	Reuse    *Reuse        `json:"reuse,omitempty"`    // of the last time, where earlier passes are known
}

// Dropped tells whether a new version of a process has failed, and the old one still answers.
func (n *Node) Dropped() bool { return n.Failed && n.State == "ready" && n.Waits == nil }

// Stage is a stage that runs.
type Stage struct {
	Name  string        `json:"name"`
	Since time.Time     `json:"since"`
	Usual time.Duration `json:"usual,omitempty"` // how long it usually takes to pass, in nanoseconds; absent before there are three passes to go by
}

// Node is one watcher or process.
type Node struct {
	Name  string `json:"name"`
	Kind  string `json:"kind"`  // "watcher" or "process"
	State string `json:"state"` // "passed", "running", "ready", …

	Busy   bool `json:"busy"`   // changes downstream wait for it
	Failed bool `json:"failed"` // it waits for a person

	Waits *Hold `json:"waits,omitempty"` // why it is not doing anything yet, if it has something to do

	Number   int        `json:"number"`             // the last run of a watcher, the last generation of a process; 0: none yet
	Since    *time.Time `json:"since,omitempty"`    // when that began
	PIDs     []int      `json:"pids,omitempty"`     // of the commands that run now
	Restarts int        `json:"restarts,omitempty"` // of a process
	Crashes  int        `json:"crashes,omitempty"`  // of a process: in a row, until one has run for long enough
	End      *End       `json:"end,omitempty"`      // of a process that ended by itself: how

	Problems int         `json:"problems,omitempty"` // of a node that has failed: how many places its tools, or its last words, complain of
	Problem  *Diagnostic `json:"problem,omitempty"`  // the first of them: an error, if there is one

	Stages []Stage        `json:"stages,omitempty"` // of a watcher: those that run now
	Plan   []PlannedStage `json:"plan,omitempty"`   // of a watcher: all of them, in order
	Usual  time.Duration  `json:"usual,omitempty"`  // of a process that starts: how long that usually takes, in nanoseconds

	Lineage

	Candidate *Candidate `json:"candidate,omitempty"` // of a process: another generation beside the one that serves
	Reason    string     `json:"reason,omitempty"`    // why it is in its state, where the state does not say it: why a new generation was dropped
}

// Lineage is what a node comes from.
type Lineage struct {
	After     []string `json:"after,omitempty"`      // the nodes that it waits for directly, by the graph
	BuiltFrom int      `json:"built_from,omitempty"` // the cycle that what runs was built from, or that a watcher last passed in
}

// Candidate is a generation beside the one that serves, while a process has two (`update: start-first`): a
// new one that replaces it when it is ready, or an old one that is ending.
type Candidate struct {
	Number int        `json:"number"` // the generation
	State  string     `json:"state"`  // "starting" (a new one), "dropped" (a new one that ends), "stopping" (an old one)
	Since  *time.Time `json:"since,omitempty"`
	PIDs   []int      `json:"pids,omitempty"`
	Reason string     `json:"reason,omitempty"` // what it says of itself
}

// Hold is what a node waits for.
type Hold struct {
	Kind  string     `json:"kind"`            // "settling", "upstream busy", "backing off", …
	Node  string     `json:"node,omitempty"`  // the node it waits for
	Until *time.Time `json:"until,omitempty"` // when it ends by itself
	Text  string     `json:"text"`            // the same in words
}

// Socket is one socket that the loop holds.
type Socket struct {
	Name    string   `json:"name"`
	Address string   `json:"address"`           // a URL where there is one
	Exposed string   `json:"exposed,omitempty"` // where other machines reach it, if they do
	Via     string   `json:"via,omitempty"`     // "inherit" or "proxy"
	Nodes   []string `json:"nodes"`             // the processes that get it
	Waiting *int     `json:"waiting"`           // connections that no server has accepted yet; null where the system does not tell
	Limit   int      `json:"limit,omitempty"`

	InFlight *int `json:"in_flight,omitempty"` // requests or connections that are being answered; absent where devloop does not see them
	Cut      *int `json:"cut,omitempty"`       // how many of them the last restart cut off

	Requests []Request `json:"requests,omitempty"` // of a proxy for HTTP: those that wait, the oldest 20
}

// Request is a request that waits for its server.
type Request struct {
	Method string    `json:"method"`
	Path   string    `json:"path"` // without the query
	Since  time.Time `json:"since"`
	Node   string    `json:"node,omitempty"` // the process that it waits for
}

// Watching is the state of the file watcher.
type Watching struct {
	Paused      bool   `json:"paused,omitempty"` // changes are kept, and acted on when a person lets watching go on
	Directories int    `json:"directories"`
	Unwatched   int    `json:"unwatched"` // directories that cannot be watched
	Links       int    `json:"links"`     // symbolic links followed
	Events      uint64 `json:"events"`
	Overflows   uint64 `json:"overflows"` // times that the kernel lost some

	Polled   int           `json:"polled,omitempty"`   // directories that are polled
	Interval time.Duration `json:"interval,omitempty"` // within which each of those is looked at
}

// Wake is why a node last started or stopped.
type Wake struct {
	Node   string     `json:"node"`
	Kind   string     `json:"kind"`
	Did    string     `json:"did,omitempty"`   // "run started", "starting", "stopping", "reloading"; empty: nothing woke it yet
	Number int        `json:"number"`          // the run or generation
	At     *time.Time `json:"at,omitempty"`    // when
	Cause  string     `json:"cause,omitempty"` // a machine.Why
	By     string     `json:"by,omitempty"`    // the other node, where there is one
	Paths  []string   `json:"paths,omitempty"` // what had changed, the first few
	More   int        `json:"more,omitempty"`  // and how many paths more
	State  string     `json:"state"`           // now
	Waits  *Hold      `json:"waits,omitempty"` // now
}

// Moved is what a command by hand did to one node.
type Moved struct {
	Node   string `json:"node"`
	Kind   string `json:"kind"`   // "watcher" or "process"
	Before string `json:"before"` // its state
	State  string `json:"state"`  // now
	Number int    `json:"number"` // the last run or generation
	Waits  *Hold  `json:"waits,omitempty"`
}

// Down is the answer of a loop that is about to end.
type Down struct {
	PID int `json:"pid"`
}

// Login are the ways into the dashboard. Whoever has one can use it.
type Login struct {
	Address string `json:"address"` // without a secret
	Always  string `json:"always"`  // logs in, as often as one likes
	Once    string `json:"once"`    // logs in once, within two minutes: others may see the command line of a browser
}

// Verdict is the outcome of everything that was saved before the question.
type Verdict struct {
	OK     bool   `json:"ok"`               // all of it is done, has passed and is ready
	Node   string `json:"node,omitempty"`   // the first one that has failed; empty: see Why
	Kind   string `json:"kind,omitempty"`   // of Node
	Number int    `json:"number,omitempty"` // its run or generation that failed; 0: its output does not explain it
	Why    string `json:"why,omitempty"`    // in words, for people
	Hint   string `json:"hint,omitempty"`   // what to do about it, where that is known

	Stages []string `json:"stages,omitempty"` // of a watcher: those that failed
}

// Line is one line of output.
type Line struct {
	Node   string    `json:"node"`
	Time   time.Time `json:"time"`
	Number int       `json:"number,omitempty"` // the run or generation that wrote it
	Stage  string    `json:"stage,omitempty"`  // of a watcher
	Text   string    `json:"text"`             // without the end of the line; escape sequences are kept
	Raw    []byte    `json:"raw,omitempty"`    // the same in base64, where it is not valid UTF-8 and Text is empty

	Continued bool `json:"continued,omitempty"` // a piece of a long line: the next one goes on
	// Unfinished says that the end of the line has not come yet: it comes again,
	// whole.
	Unfinished bool `json:"unfinished,omitempty"`

	Missed uint64 `json:"missed,omitempty"` // instead of a line: how many are no longer kept
}

// Bytes is the line as it was written.
func (l *Line) Bytes() []byte {
	if len(l.Raw) > 0 {
		return l.Raw
	}
	return []byte(l.Text)
}

// failure is the body of an error answer.
type failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// MostPaths is how many changed paths are listed for one change.
const MostPaths = 100

// Moment is a time that may be missing: nil for the zero one.
func Moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

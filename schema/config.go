// Package schema is the devloop.yaml language: its types, its defaults, and
// every mistake a file can hold, each with its place. It reads files and
// nothing else: it never watches, starts or binds anything.
package schema

import (
	"io/fs"
	"regexp"
	"time"

	"devloop/schema/dotenv"
	"devloop/schema/glob"
	"devloop/schema/yamltree"
)

// Config is one loaded and valid project, with those that it includes. All paths
// in it are absolute and cleaned; nodes and sockets keep the order of the files,
// so that everything derived from a Config comes out in that order too. From
// Name to Settle it has the settings of the project that was loaded; those of
// a node are in its Project.
type Config struct {
	File      string // the devloop.yaml that was loaded
	Dir       string // the project: the directory that holds File
	Name      string // shown in titles
	Vars      []Var  // in file order, the environment's value already chosen
	Env       EnvLayer
	Shell     Shell
	Ignore    []Pattern // what no watcher sees
	Settle    *time.Duration
	Poll      *time.Duration // look for changes at least so often; 0: chosen; nil: wait for the system's events
	Jobs      int            // stages that may run at once, at least 1
	Sockets   []Socket
	Dashboard *Listen // where the page that shows the loop is served: tcp or http; nil: nowhere
	Remote    *Remote // the cache and the engine that others share; nil: none
	Watchers  []Watcher
	Processes []Process
	Warnings  Mistakes // what loads, but is probably not what was meant

	Local    string     // the personal file that was read with File, or ""
	Projects []*Project // the one that was loaded, then those that it includes
	Sources  []string   // every file that was read or looked for: a change of one may change the configuration

	includes []inclusion
}

// Project is one devloop.yaml with what it extends: the settings that its own
// watchers, processes and sockets share, and that those of no other project see.
type Project struct {
	Prefix string // before the names of its nodes and sockets, such as "api.", or ""
	Name   string
	File   string // the absolute path of its devloop.yaml
	Dir    string // that its relative paths belong to
	Local  string // the personal file that was read with it, or ""
	Vars   []Var  // in file order, the environment's value already chosen
	Env    EnvLayer
	Shell  Shell
	Ignore []Pattern
	Settle *time.Duration

	root    *yamltree.Node // the merged tree
	sources sources        // that it stands in
}

// variable is one of the project's `vars`, or nil.
func (p *Project) variable(name string) *Var {
	return find(p.Vars, func(v *Var) bool { return v.Name == name })
}

// root is the project that was loaded; the others are included in it.
func (c *Config) root() *Project { return c.Projects[0] }

// find is the first of a list that is as asked, or nil.
func find[T any](list []T, is func(*T) bool) *T {
	for i := range list {
		if is(&list[i]) {
			return &list[i]
		}
	}
	return nil
}

// Var is one name for ${NAME}, and one variable in every command's environment.
type Var struct {
	Name, Value string
	Pos         Pos

	outside bool // the environment has it, whose value this is
}

// EnvLayer is what one level of the file (the top, a node, a stage) adds to an environment: first its files
// in order, then its variables.
type EnvLayer struct {
	Files []EnvFile
	Vars  []EnvVar
}

// EnvFile is a file of variables, in the dialect of package dotenv. A missing one is a mistake only if
// Required. It is read with the configuration, and its values are never printed: see EnvLayer.Apply.
type EnvFile struct {
	Path     string
	Required bool
	Pos      Pos

	shown   string       // the path as messages have it
	content *dotenv.File // nil: it was not there
}

// EnvVar sets Name to Value, or removes it if Unset.
type EnvVar struct {
	Name, Value string
	Unset       bool
	Pos         Pos
}

// Shell is the argv prefix that a string command is appended to.
type Shell struct {
	Argv    []string
	Default bool // the file did not set one, so simple commands may skip it
}

// Command is a `run`, a `ready.exec` or a `stop.command`: a string for the shell (Text) or an argv (Argv),
// never both. Text is as written: its `$` belong to the shell. In Argv every ${…} is filled in except the
// names that devloop itself sets for the command (PORT, DEVLOOP_…), which stay as written: see Fill.
type Command struct {
	Text string
	Argv []string
	Pos  Pos

	// PresetDir is the directory of the preset that contains the command, which it has as the variable
	// PRESET_DIR; "" if it is in no preset.
	PresetDir string

	project *Project
	late    map[int][]part // the arguments that Fill has to fill in
}

// Pattern is one entry of `watch`, `ignore`, `if_changed` or `inputs`.
type Pattern struct {
	*glob.Pattern
	Pos Pos
}

// Path is one file that the configuration names, such as a trigger or an output.
type Path struct {
	Text string // as written
	Abs  string
	Pos  Pos
}

// Socket is one socket that devloop binds and holds.
type Socket struct {
	Name    string
	Short   string   // the name in its own project, without the Prefix
	Project *Project // never nil
	Listen  Listen
	Via     Via
	To      string        // with ViaProxy: HOST:PORT that the server listens on; "": the port that devloop gives it
	Backlog int           // 0: the system's maximum
	Mode    fs.FileMode   // of a unix socket
	MaxWait time.Duration // with ViaProxy: how long a request waits for a server

	WhileDown WhileDown
	Live      Live // off but for an http socket
	Pos       Pos

	at yamltree.Places
}

// Via is how connections on a socket reach the process.
type Via string

const (
	ViaInherit Via = "inherit" // the process gets the listener itself
	ViaProxy   Via = "proxy"   // devloop accepts, and forwards to a private port
)

// WhileDown is what the clients of an http socket get while its server is down.
type WhileDown string

const (
	DownWait WhileDown = "wait" // they wait
	DownPage WhileDown = "page" // a browser gets a page that says why; all others wait
)

// Live is what open pages of an http socket are told of new versions.
type Live string

const (
	LiveOff    Live = "off"    // nothing: they are left alone
	LiveBadge  Live = "badge"  // that one is being built, or has failed
	LiveReload Live = "reload" // the same, and they load a new one when it is ready
)

// Watcher runs ordered stages when files change, and touches its triggers when
// they pass.
type Watcher struct {
	Name      string
	Short     string   // the name in its own project, without the Prefix
	Project   *Project // never nil
	Pos       Pos
	Watch     []Pattern
	Ignore    []Pattern
	GitIgnore bool
	Stages    []Stage
	Triggers  []Path
	OnBusy    OnBusy
	OnStart   bool
	DependsOn []Dependency
	Settle    *time.Duration
	Dir       string
	Env       EnvLayer

	leftOut bool
}

// OnBusy is what a change does while a watcher's stages run.
type OnBusy string

const (
	BusyRestart OnBusy = "restart" // cancel the run and start over
	BusyQueue   OnBusy = "queue"   // finish the run, then run again
)

// Stage is one step of a watcher: either a command, or, if Parallel is not
// empty, a group of commands that run side by side (and then only Pos is set
// beside Parallel).
type Stage struct {
	Name          string // defaults to a short form of the command
	Pos           Pos
	Run           Command
	Dir           string
	Env           EnvLayer
	IfChanged     []Pattern
	Timeout       time.Duration // 0: none
	AllowFailure  bool
	Interruptible bool
	Nice          int // how far it gives way, 0 to 19
	Problems      Problems
	Reuse         *Reuse // an earlier pass with the same inputs counts; nil: it always runs
	Remote        bool   // it runs on the engine of Config.Remote
	Parallel      []Stage

	leftOut bool
}

// Problems is how the output of a stage is read for places in files.
type Problems struct {
	Tool    string         // one of problemTools; "" for all of them
	Pattern *regexp.Regexp // of the file's own, instead of a tool; with groups file and line, and perhaps column, severity and message
	Off     bool           // not at all
}

// Reuse says what the result of a stage depends on, beside its command, and what it makes.
type Reuse struct {
	Inputs  []Pattern // none: what its watcher watches
	Outputs []Path    // files and directories within the project; none is part of another
	Env     []string  // names of variables whose values count
	Tools   []Command // commands whose output counts
	Pos     Pos
}

// Remote is a cache that others share, and an engine that runs stages. At least one of Cache and Execute is set.
type Remote struct {
	Cache    string // a URL of http, https, grpc or grpcs without a final slash, or ""
	Write    bool   // what passes here is added to the cache
	Execute  string // a URL of grpc or grpcs, or ""
	Instance string
	Platform []Pair // in file order, as Headers
	Headers  []Pair // of every request: secrets, never to be shown
	Jobs     int    // stages that may run there at once, at least 1
	Fallback Fallback
	Pos      Pos
}

// Pair is a name with its value.
type Pair struct{ Name, Value string }

// Fallback is what becomes of a stage while the engine cannot be reached.
type Fallback string

const (
	FallbackLocal Fallback = "local" // it runs here
	FallbackFail  Fallback = "fail"
)

// Groups lists the stages in order; those of one group run side by side.
func (w *Watcher) Groups() [][]*Stage {
	var all [][]*Stage
	for i := range w.Stages {
		s := &w.Stages[i]
		if len(s.Parallel) == 0 {
			all = append(all, []*Stage{s})
			continue
		}
		var group []*Stage
		for j := range s.Parallel {
			group = append(group, &s.Parallel[j])
		}
		all = append(all, group)
	}
	return all
}

// ForPages tells whether a watcher has nothing to do but to show what is saved in open pages.
func (w *Watcher) ForPages() bool { return len(w.Stages)+len(w.Triggers) == 0 }

// Dependency is one entry of `depends_on`.
type Dependency struct {
	Name      string
	Condition Condition
	Restart   bool // restart this node when that one restarts
	Pos       Pos
}

// Condition is the state of a dependency that lets its dependant start.
type Condition string

const (
	Started   Condition = "started"   // a process was started
	IsReady   Condition = "ready"     // a process is ready; the default for processes
	Succeeded Condition = "succeeded" // a process ended with exit code 0
	Passed    Condition = "passed"    // a watcher's run passed; the default for watchers
)

// Process is a supervised, long-lived command.
type Process struct {
	Name      string
	Short     string   // the name in its own project, without the Prefix
	Project   *Project // never nil
	Pos       Pos
	Run       Command
	Dir       string
	Env       EnvLayer
	Watch     []Pattern
	Ignore    []Pattern
	GitIgnore bool
	Settle    *time.Duration
	Sockets   []SocketRef // in fd order
	ListenPID ListenPID
	DependsOn []Dependency
	Ready     *Ready // nil: the default for its sockets
	Start     bool   // false: only by hand
	Restart   RestartPolicy
	Backoff   Backoff
	Reload    string // a signal name such as "SIGHUP", or ""
	Stop      Stop
	Update    Update
	PTY       bool // it gets a terminal

	WhileChecking WhileChecking

	at      yamltree.Places
	leftOut bool
}

// Update is the order in which a change replaces a running process.
type Update string

const (
	StopFirst  Update = "stop-first"  // stop the old one, then start the new one
	StartFirst Update = "start-first" // start the new one, and stop the old one once the new one is ready

	autoUpdate Update = "auto" // StartFirst where it can be, else StopFirst: a load says which
)

// WhileChecking is what a process does while a watcher upstream is busy.
type WhileChecking string

const (
	CheckServe WhileChecking = "serve" // the old version answers
	CheckWait  WhileChecking = "wait"  // it stops at once, and requests wait for the new one
)

// SocketRef names one of Config.Sockets.
type SocketRef struct {
	Name  string
	Short string // as written, which is what the process knows it by
	Pos   Pos
}

// ListenPID says how LISTEN_PID is set for a process that has sockets.
type ListenPID string

const (
	PIDAuto   ListenPID = "auto"   // right where it can be made right, else left out
	PIDAlways ListenPID = "always" // the pid that devloop started
	PIDNever  ListenPID = "never"  // left out
)

// Ready is how devloop knows that a process serves. Exactly one of HTTP, TCP, Exec, Log, File and Notify is
// set.
type Ready struct {
	HTTP     string // a URL, or a path for the process's first http socket
	TCP      string // HOST:PORT
	Exec     *Command
	Log      *regexp.Regexp
	File     string        // must become another one, or get another time, after the start
	Notify   bool          // it sends READY=1, see sd_notify(3)
	Interval time.Duration // between attempts; 0: adaptive
	Timeout  time.Duration // in total, from the start
	Pos      Pos

	at yamltree.Places
}

// RestartPolicy is what happens when a process ends by itself.
type RestartPolicy string

const (
	RestartAlways    RestartPolicy = "always"
	RestartOnFailure RestartPolicy = "on-failure"
	RestartNever     RestartPolicy = "never"
)

// Backoff is the wait between restarts of a process that keeps ending.
type Backoff struct {
	Initial time.Duration
	Max     time.Duration
	GiveUp  int // failures in a row after which it is left down; 0: never
}

// Stop is how a process is ended. After Timeout the whole tree is killed.
type Stop struct {
	Signal     string // such as "SIGTERM"
	Timeout    time.Duration
	Command    *Command // run instead of the signal
	LeaderOnly bool     // signal the process devloop started, not its group
}

// inclusion is one entry of `include`: another project beside this one.
type inclusion struct {
	path string // as written
	as   string // before the names of its nodes, or ""
	pos  Pos
}

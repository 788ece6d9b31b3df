package view

import (
	"cmp"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
)

// Options say what to show, and where.
type Options struct {
	Client *control.Client                 // of the loop that runs; closed by Run
	Dial   func() (*control.Client, error) // finds the next one, when that has ended
	Name   string                          // of the project
	Out    *os.File                        // the terminal
	Color  bool

	Shorter    func(path string) string                               // a path as people type it
	Editor     func(file string, line, column int) (*exec.Cmd, error) // opens a place
	OverStream bool                                                   // it is on the screen of the loop, and ends with that
	Suspends   func() bool                                            // whether somebody could continue it after Ctrl-Z
	Quit       string                                                 // what `q` does, in words
	Detach     string                                                 // and `d`
	NoDetach   string                                                 // why `d` does nothing; "": it does
}

// known is what is known of the loop.
type known struct {
	opt   Options
	clock func() time.Time

	status   *control.Status
	nodes    []control.Node // in the order of the graph
	problems control.Diagnostics
	saves    []control.Cycle // the youngest first
	took     map[string]time.Duration
	woke     map[string]string // why a node last started
	failing  map[string]bool   // nodes that have failed, and are not mended
	gone     bool              // the loop has ended
}

func (k *known) node(name string) *control.Node {
	for i := range k.nodes {
		if k.nodes[i].Name == name {
			return &k.nodes[i]
		}
	}
	return nil
}

// watchers are the names of those watchers that are wanted.
func (k *known) watchers(want func(*control.Node) bool) (names []string) {
	for i := range k.nodes {
		if n := &k.nodes[i]; n.Kind == "watcher" && n.State != "stopped" && want(n) {
			names = append(names, n.Name)
		}
	}
	return names
}

// inOrder puts every node after those that it waits for, and otherwise in the order of the file.
func inOrder(nodes []control.Node) []control.Node {
	var order []control.Node
	placed := map[string]bool{}
	var place func(name string)
	place = func(name string) {
		i := slices.IndexFunc(nodes, func(n control.Node) bool { return n.Name == name })
		if i < 0 || placed[name] {
			return
		}
		placed[name] = true
		for _, before := range nodes[i].After {
			place(before)
		}
		order = append(order, nodes[i])
	}
	for _, n := range nodes {
		place(n.Name)
	}
	return order
}

func (k *known) nameStyle(node string) style {
	i := slices.IndexFunc(k.nodes, func(n control.Node) bool { return n.Name == node })
	return nameStyles[max(0, i)%len(nameStyles)]
}

// live answers whether what runs was made from what has been saved, as the loop's own status line does.
// What stands last, answers, is which save does.
func (k *known) live() (symbol, text, answers string, s style) {
	switch {
	case k.gone:
		return "■", "the loop has ended; the next one is waited for · q leaves", "", red
	case k.status == nil:
		return "◌", "the loop is asked", "", dim
	}
	live := k.status.Live
	if bad := k.status.Mistakes; bad != nil && len(bad.List) > 0 {
		text := bad.List[0]
		if len(bad.List) > 1 {
			text += " (+" + itoa(len(bad.List)-1) + ")"
		}
		return "✗", console.Visible(text) + " · the last valid one runs", "", red
	}
	answers = prefixed(" · ", live.Meanwhile())
	switch live.State {
	case "failed":
		text := live.Why
		if len(live.Nodes) > 0 {
			texts := make([]string, len(live.Nodes))
			for i, name := range live.Nodes {
				switch n := k.node(name); {
				case n == nil:
					texts[i] = name
				case n.Dropped():
					texts[i] = name + "  new version failed"
				default:
					texts[i] = name + " " + n.State + prefixed(": ", k.why(n))
				}
			}
			text = strings.Join(texts, ", ")
		}
		return "✗", text, answers, red
	case "building", "behind":
		texts := slices.Clone(live.Nodes)
		for i, name := range texts {
			if n := k.node(name); n != nil && n.Busy {
				texts[i] += prefixed(" ", k.stages(n))
			} else if n != nil {
				texts[i] += prefixed(": ", k.why(n))
			}
		}
		if live.State == "behind" {
			return "○", "behind: " + strings.Join(texts, ", "), answers, yellow
		}
		return "◐", strings.Join(texts, ", "), answers, yellow
	}
	text = "live"
	if i := slices.IndexFunc(k.saves, func(c control.Cycle) bool { return c.ID == live.Cycle && c.End > 0 }); i >= 0 {
		text += " · save " + itoa(live.Cycle) + " in " + short(time.Duration(k.saves[i].End-k.saves[i].First))
	}
	for _, socket := range k.status.Sockets {
		if strings.HasPrefix(socket.Address, "http") {
			text += " · " + socket.Address
			break
		}
	}
	return "●", text, "", green
}

// symbol is the state of a node as a shape.
func symbol(n *control.Node) (string, style) {
	if n.Dropped() {
		return "✗", red
	}
	switch n.State {
	case "passed":
		return "✓", green
	case "ready":
		return "●", green
	case "failed", "gave up":
		return "✗", red
	case "backing off", "unready":
		return "✗", yellow
	case "running", "cancelling", "starting":
		return "◐", yellow
	case "stopping", "stopped":
		return "■", dim
	case "ended":
		if n.End != nil && (n.End.Code != 0 || n.End.Signal != "" || n.End.Error != "") {
			return "✗", red
		}
		return "○", dim
	}
	if n.Waits != nil {
		return "-", yellow
	}
	return "○", dim
}

// stages are those that run, and for how long.
func (k *known) stages(n *control.Node) string {
	var texts []string
	for _, s := range n.Stages {
		texts = append(texts, s.Name+" "+lasting(k.clock().Sub(s.Since), s.Usual))
	}
	return strings.Join(texts, ", ")
}

func lasting(d, usual time.Duration) string {
	if usual > 0 {
		return console.Age(d) + " of ~" + console.Age(usual.Round(time.Second))
	}
	return console.Age(d)
}

// why is what a node waits for, what has failed, or what it does.
func (k *known) why(n *control.Node) string {
	switch {
	case n.Problem != nil:
		text := console.Place(k.opt.Shorter(n.Problem.File), n.Problem.Line, n.Problem.Column) + " " + n.Problem.Message
		if n.Problems > 1 {
			text += " (+" + itoa(n.Problems-1) + ")"
		}
		return console.Visible(text)
	case len(n.Stages) > 0:
		return k.stages(n)
	case n.Candidate != nil:
		return console.Visible("generation " + itoa(n.Candidate.Number) + " is " + n.Candidate.State + prefixed(": ", n.Candidate.Reason))
	case n.Reason != "":
		return console.Visible(firstLine(n.Reason))
	case n.Waits != nil:
		return console.Visible(n.Waits.Text)
	case n.Crashes > 0:
		return console.Count(n.Crashes, "crash") + " in a row"
	case n.State == "ended" && n.End != nil:
		return exitText(n.End)
	}
	return console.Visible(k.woke[n.Name])
}

// when is for how long a node has been doing what it does, how long the last run took, or since when it is
// ready.
func (k *known) when(n *control.Node) string {
	switch {
	case n.Since == nil:
		return ""
	case n.State == "running" || n.State == "starting" || n.State == "cancelling":
		return console.Age(k.clock().Sub(*n.Since))
	case n.Kind == "watcher" && k.took[n.Name] > 0:
		return short(k.took[n.Name])
	}
	return n.Since.Local().Format("15:04")
}

// queue is what waits at a socket.
func queue(k *control.Socket) string {
	var parts []string
	switch {
	case k.Waiting == nil:
		parts = append(parts, "the system does not tell what waits")
	case *k.Waiting > 0:
		parts = append(parts, yellow.paint(itoa(*k.Waiting)+" waiting"))
	default:
		parts = append(parts, dim.paint("none waiting"))
	}
	if k.InFlight != nil && *k.InFlight > 0 {
		parts = append(parts, itoa(*k.InFlight)+" in flight")
	}
	if k.Cut != nil && *k.Cut > 0 {
		parts = append(parts, red.paint(itoa(*k.Cut)+" cut by the last restart"))
	}
	return strings.Join(parts, ", ")
}

func (k *known) problemCount() int {
	n := len(k.problems.Diagnostics)
	for _, u := range k.problems.Unplaced {
		if n += u.More; len(u.Tail) > 0 {
			n++
		}
	}
	return n
}

// end is when a cycle ended; now, if it goes on.
func (k *known) end(c *control.Cycle) int64 {
	if c.End > 0 {
		return c.End
	}
	return c.First + max(0, int64(k.clock().Sub(c.Time)))
}

// changed names the first of the files that changed, and counts the others: those listed, and more.
func changed(paths []string, more int) string {
	text := base(paths[0])
	if more += len(paths) - 1; more > 0 {
		text += " +" + itoa(more)
	}
	return text
}

// causeOf says what began a cycle.
func causeOf(c *control.Cycle) string {
	if len(c.Paths) > 0 {
		return changed(c.Paths, c.MorePaths)
	}
	if c.Cause == "hand" {
		return "by hand"
	}
	return c.Cause
}

// Told is what the loop did, as a line of its own; "" if that is not worth one.
func Told(e *control.Event) (text string, tone console.Tone) {
	text, s := mark(e, false)
	return text, map[style]console.Tone{dim: console.Dim, green: console.Good, red: console.Bad}[s]
}

// mark is what the loop did, for the output; "" if that is not worth a line.
func mark(e *control.Event, process bool) (text string, s style) {
	of := "" // there may be two generations, and the older one ends after the newer one is ready
	if process && e.Number > 0 {
		of = "generation " + itoa(e.Number) + " "
	}
	took := prefixed(" · ", short(time.Duration(e.Took)))
	if e.Took == 0 {
		took = ""
	}
	switch e.Kind {
	case "run started":
		return "─── run " + itoa(e.Number) + prefixed(" · ", cause(e)), dim
	case "starting":
		return "─── generation " + itoa(e.Number) + prefixed(" · ", cause(e)), dim
	case "run passed":
		return "✓ passed" + took, green
	case "run failed":
		return "✗ failed" + took, red
	case "stage failed", "stage timed out":
		return "✗ " + e.Stage + strings.TrimPrefix(e.Kind, "stage") + prefixed(", ", endText(e.End)) + took + prefixed(" · ", e.Reuse.Text()), red
	case "stage reused":
		return "✓ " + e.Stage + " passed before with these inputs" + prefixed(" · ", e.Reuse.Text()), green
	case "ready":
		return "● ready" + took, green
	case "dropped":
		return "✗ " + of + e.Kind + prefixed(", ", endText(e.End)), red
	case "crashed", "gave up", "not ready", "lost":
		return "✗ " + e.Kind + prefixed(", ", endText(e.End)), red
	case "ended", "stopped", "killing":
		return "■ " + of + e.Kind + prefixed(", ", endText(e.End)), dim
	}
	return "", plain
}

func endText(e *control.End) string {
	switch {
	case e == nil:
		return ""
	case e.Error == "" && e.Because != "":
		return console.Visible(firstLine(e.Because))
	}
	return exitText(e)
}

// exitText is endText without what made it fail.
func exitText(e *control.End) string {
	switch {
	case e.Error != "":
		return console.Visible(e.Error)
	case e.Signal != "":
		return e.Signal
	}
	return "exit " + itoa(e.Code)
}

// cause says in a few words why something started.
func cause(e *control.Event) string {
	if len(e.Paths) > 0 && e.Why != "trigger" {
		return changed(e.Paths, e.More)
	}
	switch e.Why {
	case "hand":
		return "by hand"
	case "trigger", "first pass", "checked":
		return cmp.Or(e.By, "upstream") + " passed"
	case "dependency", "update":
		return cmp.Or(e.By, "a dependency")
	case "config":
		return "configuration"
	}
	return e.Why
}

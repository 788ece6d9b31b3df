package livereload

import "slices"

// State is what an open page of a socket is told: all of it, each time that something of it changes. It is that of the
// socket's process and of everything upstream of it, not of the whole project.
//
// State.State is "live" (what answers is built from the newest save), "building" (something runs for a newer one), "failed"
// (a newer one broke something), "behind" (a newer one waits), "down" (no server answers) or "ended" (the loop ends).
type State struct {
	Boot       string   `json:"boot"`                // of the loop
	Now        int64    `json:"now"`                 // the loop's wall clock, in ms since 1970: the hub sets it when it sends
	Live       string   `json:"live"`                // what a page does: "off", "badge" or "reload"
	Generation int      `json:"generation"`          // the one that serves, or served last; 0: none yet
	Since      int64    `json:"since"`               // ms since 1970: an answer that began before is of an older one. For pages without a mark
	Content    int      `json:"content"`             // counts the saves that passed without a new generation: pages of a server that nothing restarts are read anew
	Styles     bool     `json:"styles,omitempty"`    // what led from the generation or content before to this one touched only style sheets
	State      string   `json:"state"`               // "live", "building", "failed", "behind", "down", "ended"
	Cycle      int      `json:"cycle,omitempty"`     // the save that what answers was built from
	Newest     int      `json:"newest,omitempty"`    // the newest save of what is behind this socket
	At         int64    `json:"at"`                  // ms since 1970: since when it is in State
	Headline   string   `json:"headline,omitempty"`  // "check-backend › test failed", "checks of save 12 run", "server is starting"
	Detail     string   `json:"detail,omitempty"`    // a sentence more, or empty
	Usual      int64    `json:"usual,omitempty"`     // ms that what runs usually takes; 0: not known
	Problem    *Problem `json:"problem,omitempty"`   // the first
	Problems   int      `json:"problems,omitempty"`  // how many there are
	Broke      *Broke   `json:"broke,omitempty"`     // which save broke it
	Dashboard  string   `json:"dashboard,omitempty"` // its address without a token, if there is one
}

// Problem is what a tool complained of first.
type Problem struct {
	Place   string `json:"place"`          // relative to the project, FILE:LINE:COL
	Link    string `json:"link,omitempty"` // opens the place in an editor, as vscode://file/…; empty: there is none
	Message string `json:"message"`
	Excerpt string `json:"excerpt,omitempty"` // the lines of output around it
}

// Broke is the save that broke something.
type Broke struct {
	Cycle int      `json:"cycle"`
	Paths []string `json:"paths"`          // up to three, relative to the project
	More  int      `json:"more,omitempty"` // how many there are beside these
}

// equal reports whether a page that was told s need not be told other.
func (s State) equal(other State) bool {
	if !same(s.Problem, other.Problem) || (s.Broke == nil) != (other.Broke == nil) {
		return false
	}
	if a, b := s.Broke, other.Broke; a != nil && (a.Cycle != b.Cycle || a.More != b.More || !slices.Equal(a.Paths, b.Paths)) {
		return false
	}
	s.Problem, other.Problem, s.Broke, other.Broke, s.Now, other.Now = nil, nil, nil, nil, 0, 0
	return s == other
}

func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

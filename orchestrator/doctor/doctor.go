// Package doctor asks the system about what a development loop needs of it:
// limits, kinds of file systems, programs. It only looks, and changes nothing;
// what is to be watched or run, it is told.
package doctor

import (
	"fmt"
	"os/exec"
	"strings"
)

// Mark says how good a finding is.
type Mark string

const (
	OK   Mark = "ok"
	Note Mark = "note" // worth knowing, nothing to do
	Warn Mark = "warn" // something is wrong
)

// Finding is one thing that was looked at.
type Finding struct {
	Mark  Mark   `json:"mark"`
	About string `json:"about"`          // a word or two
	Text  string `json:"text"`           // what was found, without a final full stop
	Hint  string `json:"hint,omitempty"` // what to do about it
}

// System is where the answers come from.
type System struct {
	Proc string // where procfs is mounted; "" is /proc. Linux only.
}

func (s System) proc() string {
	if s.Proc == "" {
		return "/proc"
	}
	return s.Proc
}

// Need is how much a loop is going to watch that does not run yet.
type Need struct {
	Directories int
	Entries     int // files and directories in those directories
	Watchers    int // handles on the kernel's facility: for the tree and for the configuration; 0 if the loop runs already
}

// Program tells whether a program is found. missing is the finding if not.
func Program(about, name string, missing Finding) Finding {
	path, err := exec.LookPath(name)
	if err != nil {
		missing.About = about
		return missing
	}
	return Finding{Mark: OK, About: about, Text: path}
}

// FileSystems tells which kinds of file systems the paths are on, a finding a
// kind. A path that does not exist counts as the nearest directory above that
// does. shown is how each path is called; polled names the kind where devloop
// polls, because the system tells nothing of changes made elsewhere, and is ""
// where it does not.
func FileSystems(paths []string, shown, polled func(path string) string) []Finding {
	var kinds []string
	names, polls := map[string][]string{}, map[string]bool{}
	for _, path := range paths {
		kind := polled(path)
		if kind != "" {
			polls[kind] = true
		} else {
			kind = fileSystem(path)
		}
		if names[kind] == nil {
			kinds = append(kinds, kind)
		}
		names[kind] = append(names[kind], shown(path))
	}
	var list []Finding
	for _, kind := range kinds {
		list = append(list, mount(kind, few(names[kind]), polls[kind]))
	}
	return list
}

// few joins names, and counts those that would be too many to read.
func few(names []string) string {
	const most = 4
	if len(names) > most+1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// mount judges a kind of file system: whether it tells of every change.
func mount(kind, where string, polled bool) Finding {
	const about = "file system"
	if polled {
		return Finding{Warn, about, where + ": " + kind + ", which does not report changes made elsewhere: devloop polls it",
			"run devloop on the machine where the files are edited, or keep them on a local disk: saves are seen at once there, and idling costs nothing"}
	}
	switch kind {
	case "":
		return Finding{Mark: Note, About: about, Text: where + ": the system does not tell the kind"}
	case "fuse", "fusefs":
		return Finding{Warn, about, where + ": " + kind + ", which may not report changes made elsewhere",
			"if devloop misses saves, start it with --poll, or write `poll: true`"}
	case "overlay":
		return Finding{Mark: Note, About: about, Text: where + ": overlay, which does not report changes made outside the container"}
	}
	return Finding{Mark: OK, About: about, Text: where + ": " + kind}
}

// few connections can wait below this many, and a browser alone opens six.
const shortQueue = 128

// backlog judges how many connections may wait in a listening socket.
func backlog(name string, limit int) Finding {
	f := Finding{Mark: OK, About: "listen queue", Text: fmt.Sprintf("%s is %d", name, limit)}
	if limit < shortQueue {
		f.Mark = Warn
		f.Text += ": only a few connections can wait while a server restarts"
		f.Hint = fmt.Sprintf("sudo sysctl %s=%d", name, 4096)
	}
	return f
}

// openFiles judges the limit of descriptors, of which watching takes some: at
// most half of them, so that the rest of the loop has what it needs.
func openFiles(limit uint64, watching int) Finding {
	const spare = 256 // for the loop's own pipes, sockets and logs
	f := Finding{Mark: OK, About: "open files", Text: fmt.Sprintf("up to %d", limit)}
	if limit >= 1<<62 {
		f.Text = "no limit"
	}
	if watching > 0 {
		f.Text += fmt.Sprintf("; watching takes %d of them, one for each file", watching)
	}
	if limit < uint64(2*watching+spare) {
		f.Mark = Warn
		f.Hint = fmt.Sprintf("ulimit -n %d, in the shell that starts devloop", max(65536, 4*watching))
		if watching > 0 {
			f.Text += "; it gets half of the limit, and devloop polls the rest"
			f.Hint += "; or `ignore` what need not be watched; or write `poll: true`, which takes none"
		}
	}
	return f
}

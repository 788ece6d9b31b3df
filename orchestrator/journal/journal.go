// Package journal keeps the recent output of every command in memory, for those
// who ask for it later or follow it. It never writes to a disk or a screen, and
// nobody who reads it keeps those waiting who write to it.
package journal

import (
	"bytes"
	"sync"
	"time"
)

// defaultLimit is how many bytes are kept of each node unless [New] is told.
const defaultLimit = 4 << 20

// Entry is a block of a node's output.
type Entry struct {
	Seq  uint64    // its place in the order of all blocks, from 1; set by Append
	Time time.Time // when it came; set by Append if it is zero, else no earlier than the node's last
	Node string    // whose output it is
	Run  int       // the run of a watcher or the generation of a process
	Part string    // the stage of a watcher; empty for a process

	// Text holds whole lines, each ending in '\n', as the command wrote them:
	// it may be invalid UTF-8 and hold terminal codes.
	Text []byte

	// Continued says that Text is one piece of a line that goes on in the
	// node's next entry of the same Run and Part.
	Continued bool

	// Unfinished says that Text is what there is of a line whose end has not come
	// yet, without a newline: it comes again, whole. See [Journal.Unfinished].
	Unfinished bool

	// Missed is how many lines of this node, just before Text, the reader does
	// not get because they are no longer kept. With [Query.Since] it may count
	// lines that came before that time. Append ignores it.
	Missed uint64
}

// Journal holds the last output of any number of nodes. It is safe for
// concurrent use, has no goroutine of its own, and need not be closed.
type Journal struct {
	limit int

	mu    sync.Mutex // guards what follows; never held for longer than it takes to copy a batch
	seq   uint64
	nodes map[string]*history
	wake  chan struct{} // closed by the next Append; nil when nobody waits
}

// New makes a journal that keeps about limit bytes of each node's output, what
// it needs to find them again counted in. Zero or less is [defaultLimit].
func New(limit int) *Journal {
	if limit <= 0 {
		limit = defaultLimit
	}
	return &Journal{limit: limit, nodes: make(map[string]*history)}
}

// Append takes in a block of output. It copies the text, and waits for nobody.
// A last line without a newline gets one.
func (j *Journal) Append(e Entry) {
	if len(e.Text) == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	h := j.history(e.Node)
	if h.open != nil && h.open.Run == e.Run && h.open.Part == e.Part {
		h.open = nil
	}
	for text := e.Text; len(text) > 0; {
		piece, cut := head(text, h.segment)
		text = text[len(piece):]
		j.seq++
		h.add(record{seq: j.seq, time: e.Time, run: e.Run, part: e.Part, continued: cut || e.Continued && len(text) == 0}, piece)
	}
	j.wakeAll()
}

// Unfinished takes in what there is of a line whose end has not come yet. It is
// kept until the next Append of the same node, run and part, or until another
// line of the node is unfinished. It copies the text, and waits for nobody.
func (j *Journal) Unfinished(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	j.seq++
	e.Seq, e.Text, e.Unfinished = j.seq, bytes.Clone(e.Text), true
	j.history(e.Node).open = &e
	j.wakeAll()
}

func (j *Journal) history(node string) *history {
	h := j.nodes[node]
	if h == nil {
		h = newHistory(j.limit)
		j.nodes[node] = h
	}
	return h
}

func (j *Journal) wakeAll() {
	if j.wake != nil {
		close(j.wake)
		j.wake = nil
	}
}

// Forget drops all that is kept of a node that is no more.
func (j *Journal) Forget(node string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.nodes, node)
}

// head is as much of text as one entry takes: whole lines where there are any.
// cut says that it ends within a line.
func head(text []byte, most int) (piece []byte, cut bool) {
	if len(text) <= most {
		return text, false
	}
	if i := bytes.LastIndexByte(text[:most], '\n'); i >= 0 {
		return text[:i+1], false
	}
	return text[:most], true
}

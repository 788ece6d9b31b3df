package journal

import (
	"context"
	"slices"
	"time"
)

// Query says what a reader wants.
type Query struct {
	Names []string  // of nodes; none means all, also those that come later
	Since time.Time // what came then or later; zero means all that is kept
}

// A batch is what is copied while Append has to wait.
const (
	batchBytes   = 256 << 10
	batchEntries = 1024
)

// Read returns what is kept, in the order in which it came. The entries are the
// caller's.
func (j *Journal) Read(q Query) []Entry {
	r := j.reader(q)
	j.mu.Lock()
	end := j.seq
	j.mu.Unlock()
	var all []Entry
	for {
		batch, _ := r.next(nil, nil, end)
		if len(batch) == 0 {
			return all
		}
		all = append(all, batch...)
	}
}

// Tail is the end, at most limit bytes, of what one run, or generation, of a node
// wrote.
func (j *Journal) Tail(node string, run, limit int) []byte {
	var text []byte
	for _, e := range j.Read(Query{Names: []string{node}}) {
		if e.Run == run {
			text = append(text, e.Text...)
		}
	}
	return text[max(0, len(text)-limit):]
}

// Follow hands on what is kept and then what comes, until ctx ends, whose error
// it returns, or until emit returns an error, which it returns. The entries are
// valid during the call of emit only. While emit takes its time nobody waits
// for it: what is dropped meanwhile is counted in [Entry.Missed].
func (j *Journal) Follow(ctx context.Context, q Query, emit func([]Entry) error) error {
	r := j.reader(q)
	var (
		batch []Entry
		text  []byte
	)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		batch, text = r.next(batch[:0], text[:0], 0)
		if len(batch) > 0 {
			if err := emit(batch); err != nil {
				return err
			}
			continue
		}
		select {
		case <-r.more():
		case <-ctx.Done():
		}
	}
}

// reader is one who reads, and how far.
type reader struct {
	j  *Journal
	q  Query
	at map[string]place // guarded by the journal's mutex

	open map[string]uint64 // likewise: the last unfinished line of each node that it has
}

func (j *Journal) reader(q Query) *reader {
	r := &reader{j: j, q: Query{Names: slices.Clone(q.Names), Since: q.Since}, at: make(map[string]place), open: make(map[string]uint64)}
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, h := range j.nodes {
		if r.wants(name) {
			r.at[name] = h.since(q.Since)
		}
	}
	return r
}

func (r *reader) wants(name string) bool {
	return len(r.q.Names) == 0 || slices.Contains(r.q.Names, name)
}

// source is a history that has something new for a reader.
type source struct {
	name string
	h    *history
	s, i int // its next entry
}

func (s *source) record() *record { return &s.h.kept[s.s].records[s.i] }

// next appends a batch of entries no younger than end (0: of any age), and
// their text, to what it is given.
func (r *reader) next(batch []Entry, text []byte, end uint64) ([]Entry, []byte) {
	if text == nil {
		text = make([]byte, 0, batchBytes/8)
	}
	r.j.mu.Lock()
	defer r.j.mu.Unlock()
	var sources []source
	for name, h := range r.j.nodes {
		if !r.wants(name) {
			continue
		}
		if s, i, ok := h.after(r.at[name].seq); ok {
			sources = append(sources, source{name, h, s, i})
		}
	}
	var ends []int // of each entry in text, which may still move
	for len(sources) > 0 && len(batch) < batchEntries && len(text) < batchBytes {
		first := 0
		for i := range sources {
			if sources[i].record().seq < sources[first].record().seq {
				first = i
			}
		}
		src := &sources[first]
		rec := src.record()
		if end > 0 && rec.seq > end {
			break
		}
		seg := src.h.kept[src.s]
		text = append(text, seg.text[rec.off:rec.end]...)
		ends = append(ends, len(text))
		e := Entry{Seq: rec.seq, Time: rec.time, Node: src.name, Run: rec.run, Part: rec.part, Continued: rec.continued}
		if at := r.at[src.name].line; rec.line > at { // it is less in a history that began again
			e.Missed = rec.line - at
		}
		batch = append(batch, e)
		src.i++
		following := src.h.lines
		switch {
		case src.i < len(seg.records):
			following = seg.records[src.i].line
		case src.s+1 < len(src.h.kept):
			src.s, src.i = src.s+1, 0
			following = src.record().line
		}
		r.at[src.name] = place{seq: rec.seq, line: following}
		if following == src.h.lines {
			sources = slices.Delete(sources, first, first+1)
		}
	}
	start := 0
	for i, end := range ends {
		batch[len(batch)-len(ends)+i].Text = text[start:end:end]
		start = end
	}
	if len(sources) == 0 {
		batch = r.unfinished(batch, end)
	}
	return batch, text
}

// unfinished appends the lines that are not finished, to a reader who has
// everything else.
func (r *reader) unfinished(batch []Entry, end uint64) []Entry {
	for name, h := range r.j.nodes {
		if r.wants(name) && h.open != nil && h.open.Seq > r.open[name] && (end == 0 || h.open.Seq <= end) {
			r.open[name] = h.open.Seq
			batch = append(batch, *h.open)
		}
	}
	return batch
}

// more is closed when something came that the reader has not looked at.
func (r *reader) more() <-chan struct{} {
	r.j.mu.Lock()
	defer r.j.mu.Unlock()
	for name, h := range r.j.nodes {
		if !r.wants(name) {
			continue
		}
		if _, _, ok := h.after(r.at[name].seq); ok || h.open != nil && h.open.Seq > r.open[name] {
			return closed
		}
	}
	if r.j.wake == nil {
		r.j.wake = make(chan struct{})
	}
	return r.j.wake
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

package api

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"devloop/orchestrator/control"
	"devloop/orchestrator/journal"
)

// mostTail is how many lines a client may ask for from the end.
const mostTail = 1_000_000

// logQuery is what a client wants to read.
type logQuery struct {
	names  []string
	stages []string
	since  time.Time
	run    int
	tail   int // so many lines from the end; -1: all
	follow bool
}

func parseLogQuery(r *http.Request) (q logQuery, err error) {
	v := r.URL.Query()
	q = logQuery{names: v["node"], stages: v["stage"], tail: -1}
	if text := v.Get("since"); text != "" {
		if q.since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return q, fmt.Errorf("since=%.40s is no time as in RFC 3339", text)
		}
	}
	if text := v.Get("run"); text != "" {
		if q.run, err = strconv.Atoi(text); err != nil || q.run < 1 {
			return q, fmt.Errorf("run=%.40s is no number of a run or generation", text)
		}
	}
	if text := v.Get("tail"); text != "" {
		if q.tail, err = strconv.Atoi(text); err != nil || q.tail < 0 || q.tail > mostTail {
			return q, fmt.Errorf("tail=%.40s is not from 0 to %d", text, mostTail)
		}
	}
	if text := v.Get("follow"); text != "" {
		if q.follow, err = strconv.ParseBool(text); err != nil {
			return q, fmt.Errorf("follow=%.40s is neither true nor false", text)
		}
	}
	return q, nil
}

func (s *Server) answerLogs(w http.ResponseWriter, r *http.Request) {
	q, err := parseLogQuery(r)
	if err != nil {
		control.Refuse(w, http.StatusBadRequest, err.Error(), "")
		return
	}
	if !s.asked(w, r, func() (no *refusal) { _, no = s.named(q.names); return no }) {
		return
	}
	out := control.NewStream(w)
	want := journal.Query{Names: q.names, Since: q.since}
	var read uint64 // the last block that has been
	if !q.follow || q.tail >= 0 {
		kept := s.journal.Read(want)
		for i := range kept {
			read = max(read, kept[i].Seq)
		}
		if put(out, &q, q.last(kept)) != nil {
			return
		}
	}
	if !q.follow {
		return
	}
	fresh := func(batch []journal.Entry) error {
		batch = slices.DeleteFunc(batch, func(e journal.Entry) bool { return e.Seq <= read })
		if len(batch) == 0 {
			return nil
		}
		for i := range batch {
			read = max(read, batch[i].Seq)
		}
		return put(out, &q, batch)
	}
	_ = s.journal.Follow(r.Context(), want, fresh) // always ends with an error
	if s.ctx.Err() != nil {
		_ = fresh(s.journal.Read(want)) // the last words of a loop that has ended
	}
}

// put writes blocks of output to a client. An error says that it has gone.
func put(out *control.Stream, q *logQuery, entries []journal.Entry) error {
	for i := range entries {
		for _, line := range q.lines(&entries[i]) {
			if err := out.Put(&line); err != nil {
				return err
			}
		}
	}
	return out.Flush()
}

// wants tells whether a block is one of those that were asked for.
func (q *logQuery) wants(e *journal.Entry) bool {
	return (q.run == 0 || e.Run == q.run) && (len(q.stages) == 0 || slices.Contains(q.stages, e.Part))
}

// last leaves the blocks that hold the last lines, as many as were asked for.
func (q *logQuery) last(entries []journal.Entry) []journal.Entry {
	switch {
	case q.tail < 0:
		return entries
	case q.tail == 0:
		return nil
	}
	left := q.tail
	for i := len(entries) - 1; i >= 0; i-- {
		e := &entries[i]
		if !q.wants(e) {
			continue
		}
		n := bytes.Count(e.Text, newline)
		if n < left {
			left -= n
			continue
		}
		for range n - left {
			_, e.Text, _ = bytes.Cut(e.Text, newline)
		}
		e.Missed = 0
		return entries[i:]
	}
	return entries
}

var newline = []byte{'\n'}

// lines takes a block of output apart.
func (q *logQuery) lines(e *journal.Entry) (lines []control.Line) {
	if !q.wants(e) {
		return nil
	}
	line := control.Line{Node: e.Node, Time: e.Time, Number: e.Run, Stage: e.Part, Unfinished: e.Unfinished}
	// What came before a certain time, or from another run, is not missed.
	if e.Missed > 0 && q.since.IsZero() && q.run == 0 && len(q.stages) == 0 {
		gap := line
		gap.Missed = e.Missed
		lines = append(lines, gap)
	}
	for text, more := bytes.TrimSuffix(e.Text, newline), true; more; {
		var one []byte
		one, text, more = bytes.Cut(text, newline)
		if line.Text, line.Raw = string(one), nil; !utf8.Valid(one) {
			line.Text, line.Raw = "", bytes.Clone(one)
		}
		line.Continued = e.Continued && !more
		lines = append(lines, line)
	}
	return lines
}

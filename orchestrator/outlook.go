package orchestrator

import (
	"slices"
	"time"

	"devloop/orchestrator/journal"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/proxy"
	"devloop/schema"
)

// pageAfter is how long a server must be down before a browser gets a page in
// its place, if nothing has failed: a restart should not flash one.
const pageAfter = time.Second

// review brings what clients of the sockets are told up to date with the state
// of the nodes. It follows every step.
func (l *loop) review() {
	var status []machine.NodeStatus
	for _, s := range l.sockets {
		if s.front == nil && s.standIn == nil {
			continue
		}
		if status == nil {
			status = l.machine.Status()
		}
		l.reviewSocket(s, status)
	}
}

func (l *loop) reviewSocket(s *heldSocket, status []machine.NodeStatus) {
	up, held, first := false, l.holds(s), -1
	for i, n := range l.graph.Nodes {
		if n.Process == nil || !hasSocket(n.Process, s.cfg.Name) {
			continue
		}
		if first < 0 {
			first = i
		}
		up = up || status[i].State == "ready" || s.front != nil && s.serving != 0
	}
	if first < 0 {
		return
	}
	s.checking.Store(up && l.checks(first, status))
	if up {
		s.downSince = time.Time{}
		l.setPages(s, false, held)
		return
	}
	if s.downSince.IsZero() {
		s.downSince = time.Now()
	}
	news := l.newsOf(first, status, s.news.Load())
	s.news.Store(news)
	page := s.cfg.WhileDown == schema.DownPage && (news.Failed || time.Since(s.downSince) >= pageAfter)
	l.setPages(s, page, held)
}

// pagesDue is when a page takes the place of the wait, if nothing else happens.
func (s *heldSocket) pagesDue() (time.Time, bool) {
	if s.downSince.IsZero() || s.paging || s.cfg.WhileDown != schema.DownPage {
		return time.Time{}, false
	}
	due := s.downSince.Add(pageAfter)
	return due, due.After(time.Now())
}

// holds tells whether a process that runs was given the socket: also one that the
// configuration does not have any more.
func (l *loop) holds(s *heldSocket) bool {
	for _, c := range l.live {
		if slices.Contains(c.sockets, s) {
			return true
		}
	}
	return false
}

// setPages begins or ends to answer browsers with pages. An inherited socket is
// left alone while any process holds it.
func (l *loop) setPages(s *heldSocket, on, held bool) {
	if s.standIn != nil && held {
		on = false
	}
	if s.paging == on {
		return
	}
	s.paging = on
	switch {
	case s.front != nil:
		s.front.AnswerPages(on)
	case !on:
		s.standIn.Leave()
	default:
		ln, err := s.listener()
		if err != nil {
			s.paging = false
			l.say.notice(err.Error())
			return
		}
		s.standIn.Accept(ln)
	}
}

func hasSocket(p *schema.Process, name string) bool {
	return slices.ContainsFunc(p.Sockets, func(ref schema.SocketRef) bool { return ref.Name == name })
}

// checks tells whether what a process serves may be about to be replaced: a
// change has touched it, or is being checked upstream.
func (l *loop) checks(node int, status []machine.NodeStatus) bool {
	for _, i := range l.graph.Closure(node) {
		if status[i].Busy && (status[i].Watcher || i == node) {
			return true
		}
	}
	return false
}

// newsOf says what a process that does not serve waits for.
func (l *loop) newsOf(node int, status []machine.NodeStatus, before *proxy.News) *proxy.News {
	blame := node
	if h := status[node].Hold; h.Node >= 0 && h.Kind != machine.NotHeld {
		blame = h.Node
	}
	if !status[blame].Failed {
		for _, i := range l.graph.Closure(node) {
			if status[i].Failed && status[i].Watcher {
				blame = i
			}
		}
	}
	st := status[blame]
	news := &proxy.News{Project: l.cfg.Name, Node: st.Name, State: st.State, Failed: st.Failed || st.State == "backing off"}
	if st.Watcher && (st.State == "running" || st.State == "cancelling") {
		news.State = "checking"
	}
	if st.Hold.Kind != machine.NotHeld {
		news.Detail = l.say.hold(st)
	}
	if news.Failed {
		if before != nil && before.Node == news.Node && before.State == news.State && before.Failed && before.Detail == news.Detail {
			return before // its output is known
		}
		news.Output = l.lastOutput(blame, st.Num)
	}
	return news
}

// outputTail is how much of a node's last output is shown, in bytes.
const outputTail = 64 << 10

// lastOutput is the end of what the last run, or generation, of a node wrote.
func (l *loop) lastOutput(node, num int) []byte {
	var text []byte
	for _, e := range l.journal.Read(journal.Query{Names: []string{l.say.name(node)}}) {
		if e.Run == num {
			text = append(text, e.Text...)
		}
	}
	return text[max(0, len(text)-outputTail):]
}

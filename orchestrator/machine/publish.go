package machine

// letThrough is how many runs in a row changes may cancel or make stale before one is finished and published
// anyway.
const letThrough = 3

// drained ends a run: only now are all its writes counted, so that nothing downstream starts twice.
func (m *Machine) drained(ev Drained) {
	n := m.nodes[ev.Node]
	w := n.w
	if w == nil || w.phase != draining || ev.Run != w.run {
		return
	}
	w.phase = idle
	m.closeFeedback(n)
	r := Report{Num: w.run, Took: m.now.Sub(w.startedAt), Stale: n.pending.dirty || w.took.stale}
	if w.failing {
		w.outcome, w.discarded = outFailed, 0
		r.Kind, r.Serving = RunFailed, m.serving(n)
		m.report(n, r)
		if m.cfg.Once {
			m.fail(n)
		}
		return
	}
	w.outcome, w.everPassed = outPassed, true
	r.Kind = RunPassed
	if r.Quiet = w.unpublished && w.made.nothingNew(); r.Quiet {
		w.unpublished, w.made.strayed = false, false
	}
	m.report(n, r)
	if w.unpublished {
		m.overtaken(n)
	}
	w.startedFor = nil
	through := w.took.stale
	if n.pending.dirty {
		// The readers would wait for the next run anyway; but under a steady stream of changes there is
		// always a next run.
		w.discarded++
		if through = through || w.protected || w.discarded > letThrough; !through {
			if !w.unpublished || !w.cfg.Triggers {
				w.takenSince = 0 // nothing is left to publish
			}
			if w.relays() {
				for _, path := range w.took.paths {
					n.pending.path(path) // the next run passes them on too
				}
			}
			return
		}
	}
	w.discarded = 0
	if w.unpublished {
		w.unpublished = false
		w.made.publish()
		m.publish(n, through)
	}
	w.takenSince = 0
}

// serving names the processes downstream that run.
func (m *Machine) serving(n *node) (names []string) {
	for _, i := range m.order {
		if d := m.nodes[i]; d.p != nil && d.p.live() && d.up.has(n.id) {
			names = append(names, d.cfg.Name)
		}
	}
	return names
}

// touched ends the publishing of a run. If a trigger could not be touched the run fails, because its readers,
// devloop's or others, hear nothing of it.
func (m *Machine) touched(ev Touched) {
	n := m.nodes[ev.Node]
	w := n.w
	if w == nil || !w.touching {
		return
	}
	since := w.touchSince
	w.touching, w.touchSince = false, 0
	if ev.Err == "" {
		return
	}
	w.made.published = nil
	m.report(n, Report{Kind: RunFailed, Num: ev.Run, Took: m.now.Sub(w.startedAt), End: End{Code: -1, Err: ev.Err}, Serving: m.serving(n)})
	if m.cfg.Once {
		m.fail(n)
	}
	if ev.Run != w.run || w.phase != idle {
		return // it is being done again
	}
	w.outcome, w.reason, w.discarded, w.unpublished = outFailed, ev.Err, 0, true
	w.takenSince = older(w.takenSince, since)
}

// overtaken marks again the nodes downstream that the same changes had made dirty and that did not wait for
// this pass, because they were started by hand, crashed, or were down: they started with the old build. Nodes
// that only depend on a process take in nothing of the run.
func (m *Machine) overtaken(n *node) {
	for _, cohort := range n.w.startedFor {
		for _, d := range m.nodes {
			switch {
			case !d.ins.has(n.id) || !cohort.has(d.id) || d.p != nil && !d.p.wanted:
			case d.pending.causes.has(cohort) && d.startStep <= n.w.startedForSince: // it has waited, and acts on it
			case d.p != nil && d.p.due != "" && d.startStep <= n.w.startedForSince: // it was down on purpose, and has yet to start
			case d.pending.causes.has(cohort): // a later change of the same files does that
				d.pending.since = older(d.pending.since, n.w.takenSince)
			default:
				d.pending.mark(cohort, ByTrigger, n.cfg.Name, n.w.takenSince)
				d.pending.last = max(d.pending.last, n.w.took.last)
			}
		}
	}
}

// takesIn notes that a node starts with what those upstream have made.
func (m *Machine) takesIn(n *node) {
	for _, u := range m.nodes {
		if u.w != nil && n.ins.has(u.id) {
			u.w.made.taken()
		}
	}
}

// publish touches the triggers and marks their readers in the same step, so the file's own event is ignored.
// A run that is let through does not wait for upstream, which is busy again, and neither do its readers,
// further down too, or nodes that watch the files that the run wrote.
func (m *Machine) publish(n *node, through bool) {
	if n.w.cfg.Triggers {
		n.w.touching, n.w.touchSince = true, n.w.takenSince
		m.do(Touch{n.id, n.w.run})
	}
	var readers, cohort nodeset
	for _, reader := range n.cfg.Readers {
		readers.add(reader.Node)
	}
	for _, c := range n.w.took.causes {
		cohort.union(c)
	}
	cohort.union(readers)
	for _, d := range m.nodes {
		if d == n {
			continue // it became dirty after what is published
		}
		d.pending.causes.spread(n.id, readers)
		if d.w != nil {
			d.w.took.causes.spread(n.id, readers)
			d.w.startedFor.spread(n.id, readers)
		}
	}
	for _, reader := range n.cfg.Readers {
		r := m.nodes[reader.Node]
		if r.p != nil && !r.p.wanted {
			continue
		}
		if why := n.w.took.why; n.w.relays() && (why == ByChange || why == ByTrigger) {
			r.pending.mark(cohort, why, n.w.took.by, n.w.takenSince)
			r.pending.real = true
			for _, path := range n.w.took.paths {
				r.pending.path(path)
			}
		} else {
			r.pending.mark(cohort, ByTrigger, n.cfg.Name, n.w.takenSince)
			r.pending.path(reader.Trigger)
		}
		r.pending.last = max(r.pending.last, n.w.took.last)
		r.pending.urgent = r.pending.urgent || through
		r.pending.stale = r.pending.stale || through
		if r.w != nil {
			r.w.inputChanged(reader.Trigger)
		}
	}
	if !through {
		return
	}
	// Nodes that only depend on this one, and watch what it writes, are dirty by now, and would wait for the
	// next run, and again for the one after it.
	for _, i := range n.down {
		if d := m.nodes[i]; d.pending.dirty {
			d.pending.urgent, d.pending.stale = true, true
		}
	}
}

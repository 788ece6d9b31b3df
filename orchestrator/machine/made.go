package machine

import "slices"

// product is what a stage has left behind. One whose inputs are not known is like no other.
type product struct {
	key  string
	step uint64 // in which it ended, if there is no key
}

// made is what the stages of a watcher have made, and which of it the readers of its triggers have.
type made struct {
	now       []product // by stage
	published []product // what was there when the triggers were last touched; none: somebody may have something else
	ran       bool      // a stage of the last run has run
	strayed   bool      // a run has begun since the triggers were last touched
}

// add notes what a stage that has ended in a step leaves behind.
func (d *made) add(stage int, step uint64, ok bool, r Reuse) {
	d.ran = d.ran || !r.Hit
	d.now[stage] = product{step: step}
	if ok && r.Product != "" {
		d.now[stage] = product{key: r.Product}
	}
}

// nothingNew tells whether a run that passed has nothing to hand on: no stage has run, and what there is now is what
// was published last.
func (d *made) nothingNew() bool {
	return !d.ran && len(d.published) > 0 && slices.Equal(d.now, d.published)
}

// publish notes that the readers get what is there now.
func (d *made) publish() {
	d.strayed, d.published = false, append(d.published[:0], d.now...)
}

// taken notes that somebody starts with what is there now, be it published or not.
func (d *made) taken() {
	if d.strayed {
		d.published = nil
	}
}

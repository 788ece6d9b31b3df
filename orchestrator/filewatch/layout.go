package filewatch

import (
	"os"
	"path/filepath"

	"devloop/orchestrator/diskqueue"
	"devloop/orchestrator/fspoll"
	"devloop/orchestrator/watchset"
)

// layout is what the disk says about an area before it is watched. Places that do not respond are in it as they are
// named, without an answer.
type layout struct {
	ways
	real map[string]string // the roots of the nodes, and their paths without links
	hung []string          // places that do not respond
}

// layout asks the disk about an area, outside the owner's goroutine. Places that do not respond are polled, because the
// poller bears that. polled is whether everything is. It is false if the owner has ended.
func (o *Owner) layout(a area, set *watchset.Set, polled bool) (s layout, ok bool) {
	real := make([]string, len(a.roots))
	hung, ok := o.ask(a.roots, func(i int) {
		real[i] = unlinked(a.roots[i])
		look(real[i])
	})
	s.real = map[string]string{}
	answering := area{nil, a.Reach}
	var trees, places []string
	for i, root := range a.roots {
		if hung != nil && hung[i] {
			real[i] = root
			s.hung = append(s.hung, root)
		} else {
			answering.roots, trees = append(answering.roots, root), append(trees, real[i])
		}
		s.real[root] = real[i]
	}
	if !ok || polled {
		s.ways = ways{polled: a.roots}
		return s, ok
	}
	below := fspoll.MountsBelow(trees)
	silent, ok := o.ask(below, func(i int) { look(below[i]) })
	if !ok {
		return s, false
	}
	for i, at := range below {
		for root, real := range s.real {
			if rel, in := fspoll.Within(at, real); in && silent != nil && silent[i] && set.WithoutGit().Descend(filepath.Join(root, rel)) {
				answering.Silent = append(answering.Silent, at)
				places = append(places, filepath.Join(root, rel))
			}
		}
	}
	s.ways = answering.ways()
	s.polled = append(s.polled, s.hung...)
	s.hung = append(s.hung, places...)
	return s, true
}

// ask does something for each path, in the disk queue, and says which of them hang; nil if none does. It is false if the
// owner has ended.
func (o *Owner) ask(paths []string, do func(i int)) (hung []bool, ok bool) {
	if len(paths) == 0 {
		return nil, true
	}
	answer := make(chan []bool, 1)
	o.post(func() {
		o.Disk.Add(diskqueue.Job{Paths: paths, Do: do, Done: func(hung []bool) { answer <- hung }})
	})
	select {
	case hung = <-answer:
		return hung, true
	case <-o.Context.Done():
		return nil, false
	}
}

// look asks what is in a place, so that it shows whether that responds.
func look(path string) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return
	}
	if dir, err := os.Open(path); err == nil {
		_, _ = dir.Readdirnames(1) // any answer will do
		dir.Close()
	}
}

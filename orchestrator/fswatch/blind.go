package fswatch

import "slices"

// Unwatched lists the directories that should be watched and are not, for want of watches or of permission, under
// the names that they are walked by, in order.
func (w *Watcher) Unwatched() []string {
	w.tree.mu.RLock()
	defer w.tree.mu.RUnlock()
	if w.tree.blind == 0 {
		return nil
	}
	var names []string
	for n := range w.tree.nodes.all() {
		if n.blind {
			names = append(names, w.tree.names(n)...)
		}
	}
	slices.Sort(names)
	return names
}

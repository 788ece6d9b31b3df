package filewatch

import (
	"os"
	"time"

	"devloop/orchestrator/watchset"
)

// newerLooks is how many watched files are looked at to find one that is newer than a trigger, so that a very
// large tree is not walked twice at the start.
const newerLooks = 20_000

// Newer is a watched file that has changed since the triggers of a watcher were
// touched.
type Newer struct {
	Watcher int
	Path    string
}

// NewerThan finds such a file for each watcher, in the background. Its triggers are given by its number.
func (w *Files) NewerThan(triggers map[int][]string, found func(Newer)) {
	set := w.set
	w.opt.Go(func() {
		for _, newer := range newerThan(set, triggers) {
			w.opt.post(func() { found(newer) })
		}
	})
}

func newerThan(set *watchset.Set, triggers map[int][]string) (list []Newer) {
	at := map[int]time.Time{}
	for watcher, paths := range triggers {
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.ModTime().After(at[watcher]) {
				at[watcher] = info.ModTime()
			}
		}
	}
	looked := 0
	for path := range set.Files() {
		if looked++; looked > newerLooks || len(at) == 0 {
			return list
		}
		info, err := os.Stat(path)
		if err != nil {
			continue
		}
		for _, node := range set.Wakes(path) {
			if passed, open := at[node]; open && info.ModTime().After(passed) {
				list = append(list, Newer{node, path})
				delete(at, node)
			}
		}
	}
	return list
}

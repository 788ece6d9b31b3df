package filewatch

import (
	"os"
	"sync"
	"time"
)

// modTimes are the modification times of files for which a mere touch counts. It is safe for concurrent use.
type modTimes struct {
	mu sync.Mutex // guards at; never held during a system call
	at map[string]time.Time
}

func newModTimes() *modTimes { return &modTimes{at: map[string]time.Time{}} }

// note records the modification time of a file, and tells whether it has changed. For a missing file it has
// not.
func (m *modTimes) note(path string) (fresh bool) {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	fresh = !info.ModTime().Equal(m.at[path])
	m.at[path] = info.ModTime()
	return fresh
}

// knows tells whether a time of the file has been recorded.
func (m *modTimes) knows(path string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.at[path]
	return known
}

// forget drops the time of the file, so that any time counts as a change.
func (m *modTimes) forget(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.at, path)
}

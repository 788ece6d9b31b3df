package orchestrator

import (
	"os"
	"path/filepath"
	"sync"
	"time"
)

// modTimes are the modification times of files of which a mere touch counts. It
// is safe for concurrent use.
type modTimes struct {
	mu sync.Mutex // guards at; never held during a system call
	at map[string]time.Time
}

func newModTimes() *modTimes { return &modTimes{at: map[string]time.Time{}} }

// note remembers the modification time of a file, and tells whether it is
// another than before. A file that is gone has no news.
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

// knows tells whether a time of the file has been noted.
func (m *modTimes) knows(path string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.at[path]
	return known
}

// forget makes every time of the file another than before.
func (m *modTimes) forget(path string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.at, path)
}

// touchFile sets the file's times to now, and makes it if need be.
func touchFile(path string) error {
	now := time.Now()
	err := os.Chtimes(path, now, now)
	if !os.IsNotExist(err) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

package console

import (
	"hash/maphash"
	"sync"
)

const (
	mostFolded = 200       // lines of a start that are compared with those of the one before
	mostHeld   = 128 << 10 // bytes of them that are held back
)

// folds are the starts of commands that are started again and again, by name.
type folds struct {
	mu  sync.Mutex // guards all below; nobody waits with it
	all map[string]*fold
}

// fold is what one command writes after its start, compared with what it wrote
// after the start before.
type fold struct {
	seed        maphash.Seed
	before, now []uint64 // the lines
	holds       bool     // so far it has said what it said before
	held        []byte   // of that, what the terminal does not show yet
	lines       int      // of that
	put         func(text []byte, lines int)
}

func (s *folds) starts(name string, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = map[string]*fold{}
	}
	f := s.all[name]
	if f == nil {
		f = &fold{seed: maphash.MakeSeed()}
		s.all[name] = f
	}
	f.before, f.now = f.now, f.before[:0]
	f.holds, f.held, f.lines = again && len(f.before) > 0, nil, 0
}

func (s *folds) runs(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.all[name]; f != nil {
		f.show()
	}
}

func (f *fold) show() {
	if len(f.held) > 0 {
		f.put(f.held, f.lines)
	}
	f.holds, f.held, f.lines = false, nil, 0
}

// shows takes a command's lines on their way to a terminal, and tells whether they
// are to be shown now; what is held back is put, perhaps later. No lines stand for
// one that has not ended: it is shown. Nothing waits in put.
func (s *folds) shows(name string, text []byte, lines int, put func(text []byte, lines int)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.all[name]
	if f == nil {
		return true
	}
	same := lines > 0 && len(f.now)+lines <= mostFolded && len(f.held)+len(text) <= mostHeld
	for rest := text; len(rest) > 0 && len(f.now) < mostFolded; {
		var line []byte
		line, rest = cutLine(rest)
		sum := f.sum(line)
		f.now = append(f.now, sum)
		same = same && len(f.now) <= len(f.before) && f.before[len(f.now)-1] == sum
	}
	switch {
	case !f.holds:
		return true
	case !same:
		f.show()
		return true
	}
	f.held, f.lines, f.put = append(f.held, text...), f.lines+lines, put
	return false
}

// sum is a line without its numbers: the time, a process, an address.
func (f *fold) sum(line []byte) uint64 {
	kept := make([]byte, 0, len(line))
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '0' && i+1 < len(line) && line[i+1] == 'x':
			for i += 2; i < len(line) && hex(line[i]); i++ {
			}
			i--
		case line[i] < '0' || line[i] > '9':
			kept = append(kept, line[i])
		}
	}
	return maphash.Bytes(f.seed, kept)
}

func hex(b byte) bool { return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' }

package fswatch

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
)

// trouble collects what went wrong while walking, so that a thousand directories make one notice.
type trouble struct {
	mu    sync.Mutex // guards what follows
	first map[NoticeKind]problem
	told  map[NoticeKind]int // the number of directories in the last notice of a kind
}

type problem struct {
	path  string
	err   error
	count int
}

// met records a directory that could not be watched or read.
func (t *trouble) met(path string, err error) {
	kind := Failed
	switch {
	case limited(err):
		kind = LimitReached
	case errors.Is(err, fs.ErrPermission):
		kind = Unreadable
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first == nil {
		t.first, t.told = map[NoticeKind]problem{}, map[NoticeKind]int{}
	}
	p, ok := t.first[kind]
	if !ok {
		p = problem{path: path, err: err}
	}
	p.count++
	t.first[kind] = p
}

// report makes notices. A kind is repeated when twice as many directories have met it.
func (t *trouble) report(to *pending) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, kind := range []NoticeKind{LimitReached, Unreadable, Failed} {
		p, ok := t.first[kind]
		if !ok || p.count < 2*t.told[kind] {
			continue
		}
		t.told[kind] = p.count
		delete(t.first, kind)
		which := p.path
		if p.count > 1 {
			which = fmt.Sprintf("%s and %d other directories", p.path, p.count-1)
		}
		if p.count == 2 {
			which = p.path + " and 1 other directory"
		}
		switch kind {
		case LimitReached:
			to.notice(kind, fmt.Sprintf("%s cannot be watched: %s", which, watchRemedy(p.err)))
		case Unreadable:
			to.notice(kind, fmt.Sprintf("changes in %s are not seen: permission denied", which))
		default:
			to.notice(kind, fmt.Sprintf("changes in %s are not seen: %v", which, p.err))
		}
	}
}

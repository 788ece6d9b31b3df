package contents

// Lesson reads files beside the looks, so that the first look at a file that
// holds the same bytes as before finds no change. What changed before a file
// was read may still be on its way here as an event, and must find nothing to
// agree with: so nothing of a lesson counts before Rely. No clock is asked.
type Lesson struct {
	store *Store
	read  []read // not relied on yet; the learner's own
}

// read is what a lesson found.
type read struct{ key, value uint64 }

// Lesson begins a lesson; the one before, if it is not over, counts no more.
func (s *Store) Lesson() *Lesson {
	l := &Lesson{store: s}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lesson = l
	return l
}

// Counts tells whether the lesson still counts: Forget ends it.
func (l *Lesson) Counts() bool {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	return l.store.lesson == l
}

// Learn reads an existing file, if nothing is known of it. Learn, Rely and End
// are not to be called by two goroutines at once.
func (l *Lesson) Learn(path string) {
	s := l.store
	digest := s.digest(path)
	key := digest & s.pathBits
	s.mu.Lock()
	known, sums := s.known.get(key) != nothing, s.sums
	s.mu.Unlock()
	if known {
		return
	}
	if file := s.read(path, digest, sums); !isAbsent(file.value) {
		if file.young { // who looks at times alone has not seen what was written last
			file.value = unknown
		}
		l.read = append(l.read, read{key, file.value})
	}
}

// Rely makes what was learned until now count. It is to be called once every
// change made before that has been looked at.
func (l *Lesson) Rely() {
	s := l.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lesson == l {
		for _, r := range l.read {
			if s.known.get(r.key) == nothing {
				s.known.put(r.key, r.value)
			}
		}
	}
	l.read = l.read[:0]
}

// End says that all was relied on, and that every file there is was learned:
// what is not known from now on is not there. It is false if the lesson
// counted no more.
func (l *Lesson) End() bool {
	s := l.store
	s.mu.Lock()
	defer s.mu.Unlock()
	l.read = nil
	if s.lesson != l {
		return false
	}
	s.lesson, s.ended, s.whole = nil, l, true
	s.known.fit()
	return true
}

// Stands tells whether the lesson was ended, and nothing was forgotten since.
func (l *Lesson) Stands() bool {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	return l.store.ended == l
}

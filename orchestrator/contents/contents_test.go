package contents

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// newFile writes a file and returns its path.
func newFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, text)
	return path
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, s *Store, path string, want Look, what string) {
	t.Helper()
	if got := s.Look(path); got != want {
		t.Errorf("%s: %+v, want %+v", what, got, want)
	}
}

func TestUnknownCountsAsChanged(t *testing.T) {
	t.Run("without sums", func(t *testing.T) { unknownCountsAsChanged(t, New()) })
	t.Run("with sums", func(t *testing.T) { unknownCountsAsChanged(t, keeping(&sums{})) })
}

func unknownCountsAsChanged(t *testing.T, s *Store) {
	path := newFile(t, "a")
	expect(t, s, path, Look{Changed: true}, "a file that nobody knows")
	expect(t, s, path, Look{}, "the same again")
	write(t, path, "a")
	expect(t, s, path, Look{}, "the same bytes written again")
	write(t, path, "b")
	expect(t, s, path, Look{Changed: true}, "other bytes")
	write(t, path, "")
	expect(t, s, path, Look{Emptied: true}, "no bytes any more")
	write(t, path, "b")
	expect(t, s, path, Look{}, "written in place, with what it had")
	write(t, path, "")
	expect(t, s, path, Look{Emptied: true}, "emptied again")
	if got := s.Settle(path); got != (Look{Changed: true}) {
		t.Errorf("empty for good: %+v", got)
	}
	expect(t, s, path, Look{}, "and still empty")
	write(t, path, "b")
	expect(t, s, path, Look{Changed: true}, "and some again")
	os.Remove(path)
	expect(t, s, path, Look{Changed: true}, "the file is gone")
	expect(t, s, path, Look{}, "and still gone")
	write(t, path, "b")
	expect(t, s, path, Look{Changed: true}, "back with what it had")
	os.Chmod(path, 0o600)
	expect(t, s, path, Look{}, "other permissions")
	os.Chmod(path, 0o700)
	expect(t, s, path, Look{Changed: true}, "executable")
}

// learn is a whole lesson.
func learn(s *Store, paths ...string) {
	l := s.Lesson()
	for _, path := range paths {
		l.Learn(path)
	}
	l.Rely()
	l.End()
}

func TestLearnedFilesAreKnown(t *testing.T) {
	path := newFile(t, "a")
	other := filepath.Join(filepath.Dir(path), "other")
	s := New()
	learn(s, path)
	write(t, path, "a")
	expect(t, s, path, Look{}, "the same bytes as learned")
	expect(t, s, other, Look{}, "a file that came and went")
	write(t, other, "new")
	expect(t, s, other, Look{Changed: true}, "a new file")
	os.Remove(path)
	expect(t, s, path, Look{Changed: true}, "a learned file that is gone")
}

// A file that a lesson has read may have changed right before, and the event be
// on its way: what was read must not make that event look like none, whatever
// time the file has.
func TestWhatChangesWhileLearningIsNotKnown(t *testing.T) {
	for _, at := range []time.Duration{-time.Hour, 0, time.Hour} {
		path, rest, empty := newFile(t, "saved meanwhile"), newFile(t, "rests"), newFile(t, "")
		when := time.Now().Add(at)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		s := New()
		l := s.Lesson()
		l.Learn(path)
		l.Learn(rest)
		l.Learn(empty)
		expect(t, s, path, Look{Changed: true}, "the event of the save")
		expect(t, s, empty, Look{Emptied: true}, "the event of an emptied file")
		l.Rely()
		l.End()
		expect(t, s, path, Look{}, "a second event of the same save")
		expect(t, s, rest, Look{}, "a file that rests")
		if got := s.Settle(empty); !got.Changed {
			t.Errorf("a file that was emptied before the lesson read it: %+v", got)
		}
	}
}

// TestLearnedWhileTimesAreCoarse: a file that may be written again with the time that it has is not known by a lesson:
// who looks at times alone reports it later, and then it counts.
func TestLearnedWhileTimesAreCoarse(t *testing.T) {
	for _, c := range []struct {
		modified time.Time
		want     bool
	}{
		{time.Now().Truncate(time.Second).Add(2 * time.Second), true},
		{time.Now().Truncate(time.Second).Add(time.Millisecond), false},
		{time.Now().Truncate(time.Second).Add(-time.Minute), false},
	} {
		path := newFile(t, "a")
		if err := os.Chtimes(path, c.modified, c.modified); err != nil {
			t.Fatal(err)
		}
		s := New()
		l := s.Lesson()
		l.Learn(path)
		l.Rely()
		l.End()
		expect(t, s, path, Look{Changed: c.want}, c.modified.String())
		expect(t, s, path, Look{}, "looked at again")
	}
}

func TestLearnComesTooLate(t *testing.T) {
	path := newFile(t, "a")
	s := New()
	l := s.Lesson()
	expect(t, s, path, Look{Changed: true}, "an event before the file is learned")
	l.Learn(path)
	expect(t, s, path, Look{}, "what the event found stands")
	os.Remove(path)
	s.Look(path)
	write(t, path, "a")
	l.Learn(path)
	l.Rely()
	l.End()
	expect(t, s, path, Look{Changed: true}, "a file that went and came back while all was learned")
}

func TestForget(t *testing.T) {
	path := newFile(t, "a")
	s := New()
	learn(s, path)
	s.Forget()
	expect(t, s, path, Look{Changed: true}, "after Forget nothing is known")
	gone := filepath.Join(filepath.Dir(path), "gone")
	expect(t, s, gone, Look{Changed: true}, "not even that a file is not there")
	l := s.Lesson()
	s.Forget()
	l.Learn(path)
	l.Rely()
	if l.Counts() || l.End() || l.Stands() {
		t.Error("a lesson that was forgotten counts")
	}
	l = s.Lesson()
	l.Rely()
	if !l.End() || !l.Stands() {
		t.Error("a lesson that ended does not stand")
	}
	if s.Forget(); l.Stands() {
		t.Error("a lesson that was forgotten after its end stands")
	}
	expect(t, s, path, Look{Changed: true}, "what was being learned is too old")
}

func TestLargeFilesGoByTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), largeFile), 0o644); err != nil {
		t.Fatal(err)
	}
	s := New()
	s.Look(path)
	expect(t, s, path, Look{}, "a large file that rests")
	moved := time.Now().Add(time.Minute)
	os.Chtimes(path, moved, moved)
	expect(t, s, path, Look{Changed: true}, "a large file with another time")
}

func TestWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	s := New()
	s.Look(dir)
	expect(t, s, dir, Look{}, "a directory is known")
	os.Remove(dir)
	write(t, dir, "now a file")
	expect(t, s, dir, Look{Changed: true}, "a directory that became a file")
}

func BenchmarkLook(b *testing.B) {
	path := newFile(b, string(bytes.Repeat([]byte("source code\n"), 500)))
	s := New()
	b.SetBytes(6000)
	for b.Loop() {
		s.Look(path)
	}
}

func TestPast(t *testing.T) {
	path := newFile(t, "a")
	at := func(name string) string { return filepath.Join(filepath.Dir(path), name) }
	s := New()
	if s.Forget().Knew(path) {
		t.Error("a store that has learned nothing knew a file")
	}
	learn(s, path)
	s.Look(at("gone"))
	past := s.Forget()
	write(t, at("later"), "b")
	s.Look(at("later"))
	past.Add(s.Forget())
	for name, want := range map[string]bool{"file": true, "gone": false, "later": true, "other": false} {
		if past.Knew(at(name)) != want {
			t.Errorf("%s: known: %v", name, !want)
		}
	}
	past.Drop(path)
	past.Meet(at("other"))
	if past.Knew(path) || !past.Knew(at("other")) {
		t.Error("what was dropped is still known, or what was met is not")
	}
}

package fspoll

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// polled is a watcher whose ticks the test makes.
type polled struct {
	*Watcher
	t   *testing.T
	dir string
	now time.Time
}

// poll scans a directory in which the lines of files (as in write) are.
func poll(t *testing.T, opt Options, before ...string) *polled {
	t.Helper()
	p := &polled{t: t, dir: t.TempDir(), now: time.Now().Add(time.Hour)} // nothing made now is fresh
	for _, name := range before {
		p.write(name)
	}
	if opt.Roots == nil {
		opt.Roots = []string{p.dir}
	}
	for i, root := range opt.Roots {
		if !filepath.IsAbs(root) {
			opt.Roots[i] = filepath.Join(p.dir, root)
		}
	}
	w, err := newWatcher(opt)
	if err != nil {
		t.Fatal(err)
	}
	p.Watcher = w
	t.Cleanup(w.ask.close)
	p.step()
	p.want("after the first scan")
	return p
}

func (p *polled) path(name string) string { return filepath.Join(p.dir, filepath.FromSlash(name)) }

// write makes a file and the directories above it. Its content is longer each time.
func (p *polled) write(name string) {
	p.t.Helper()
	p.must(os.MkdirAll(filepath.Dir(p.path(name)), 0o777))
	f, err := os.OpenFile(p.path(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	p.must(err)
	_, err = f.WriteString("x")
	p.must(err)
	p.must(f.Close())
}

func (p *polled) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// pass lets time pass, with the ticks that the watcher asks for.
func (p *polled) pass(d time.Duration) {
	end := p.now.Add(d)
	for p.now.Before(end) {
		p.step()
	}
}

// settle lets what changed lately be reported once more.
func (p *polled) settle() {
	p.pass(2 * grain)
	p.changes()
}

// step makes a tick, and lets the time pass that it took and the pause that it asks for.
func (p *polled) step() {
	began := time.Now()
	pause := p.tick(p.now)
	p.now = p.now.Add(time.Since(began) + pause)
}

// changes takes what is there, by name, sorted; a directory that has gone ends in a slash.
func (p *polled) changes() []string {
	var names []string
	for _, c := range p.Take().Changes {
		name, err := filepath.Rel(p.dir, c.Path)
		p.must(err)
		if c.Dir {
			name += "/"
		}
		names = append(names, filepath.ToSlash(name))
	}
	slices.Sort(names)
	return names
}

func (p *polled) want(when string, names ...string) {
	p.t.Helper()
	if got := p.changes(); !slices.Equal(got, names) {
		p.t.Errorf("%s: changes %q, want %q", when, got, names)
	}
}

func TestEveryKindOfChangeIsNoticedWithinTheInterval(t *testing.T) {
	for _, c := range []struct {
		name   string
		before string // files
		change func(p *polled)
		want   string
	}{
		{"write", "a/f a/g", func(p *polled) { p.write("a/f") }, "a/f"},
		{"create", "a/f", func(p *polled) { p.write("a/new") }, "a/new"},
		{"remove", "a/f a/g", func(p *polled) { p.must(os.Remove(p.path("a/f"))) }, "a/f"},
		{"rename", "a/f b/g", func(p *polled) { p.must(os.Rename(p.path("a/f"), p.path("b/f"))) }, "a/f b/f"},
		{"rename over", "a/f a/g", func(p *polled) { p.must(os.Rename(p.path("a/f"), p.path("a/g"))) }, "a/f a/g"},
		{"touch", "a/f", func(p *polled) { p.must(os.Chtimes(p.path("a/f"), p.now, p.now.Add(-time.Minute))) }, "a/f"},
		{"new tree", "f", func(p *polled) { p.write("a/b/c/d"); p.write("a/e") }, "a/b/c/d a/e"},
		{"tree gone", "a/b/c f", func(p *polled) { p.must(os.RemoveAll(p.path("a"))) }, "a/ a/b/ a/b/c"},
		{"tree moved", "a/b/c f", func(p *polled) { p.must(os.Rename(p.path("a"), p.path("z"))) }, "a/ a/b/ a/b/c z/b/c"},
		{"directory becomes file", "a/b f", func(p *polled) { p.must(os.RemoveAll(p.path("a"))); p.write("a") }, "a a/b"},
		{"file becomes directory", "a", func(p *polled) { p.must(os.Remove(p.path("a"))); p.write("a/b") }, "a a/b"},
		{"root gone", "r/a", func(p *polled) { p.must(os.RemoveAll(p.dir)) }, "./ r/ r/a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := poll(t, Options{}, strings.Fields(c.before)...)
			p.pass(p.Stats().Interval)
			p.want("before")
			c.change(p)
			p.pass(p.Stats().Interval)
			got := p.changes()
			want := strings.Fields(c.want)
			slices.Sort(want)
			// A directory that became a file is both; Dir says so.
			for i := range got {
				if got[i] == "a/" && slices.Contains(want, "a") {
					got[i] = "a"
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("changes %q, want %q", got, want)
			}
			p.pass(time.Minute)
			p.want("afterwards")
		})
	}
}

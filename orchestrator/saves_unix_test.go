//go:build linux || darwin || freebsd

package orchestrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"devloop/orchestrator"
	"devloop/orchestrator/control"
	"devloop/orchestrator/test/testenv"
)

// TestSaves throws at a running loop whatever happens to a tree: saves of every kind, also through memory maps and
// with times of the past and the future; directories and links that come, go and move; files that are no files;
// rules of git's above, in and below what is watched; and a configuration whose watchers and patterns come and go, and
// that has mistakes now and then. One watcher writes what another one watches, and says nothing of it. When the dust
// has settled, the last run of each watcher must have seen every file that it watches as it is, once `wait` says
// that all is live. DEVLOOP_SAVES=1h goes on for an hour, with a seed a round; DEVLOOP_SAVES_SEED is the first.
func TestSaves(t *testing.T) {
	rounds, until, first := testenv.Either(1, 3), time.Time{}, uint64(1)
	if d := testenv.Duration(t, "DEVLOOP_SAVES"); d > 0 {
		rounds, until = 1<<30, time.Now().Add(d)
	}
	if text := os.Getenv("DEVLOOP_SAVES_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &first); err != nil {
			t.Fatal(err)
		}
	}
	done := 0
	for seed := first; done < rounds && (until.IsZero() || time.Now().Before(until)) && !t.Failed(); seed++ {
		for _, polled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d-polled-%v", seed, polled), func(t *testing.T) { newSaves(t, seed, polled).run() })
		}
		done++
	}
	t.Logf("%d seeds from %d on, by events and polled", done, first)
}

// saves is a project to which random things are done.
type saves struct {
	*testing.T
	*rand.Rand
	p      *project
	client *control.Client
	polled bool
	n      int
	log    []string

	extra  bool   // the second watcher is in the configuration
	ignore string // a pattern that the first one ignores
}

func newSaves(t *testing.T, seed uint64, polled bool) *saves {
	s := &saves{T: t, Rand: rand.New(rand.NewPCG(seed, 11)), polled: polled, extra: true}
	opt := orchestrator.Options{}
	if polled {
		every := 40 * time.Millisecond
		opt.Poll = &every
	}
	s.p, s.client = controlledWith(t, map[string]string{
		"devloop.yaml": s.config(), "src/f0": "a", "src/d0/f1": "b", "proto/p": "0", "outside/f0": "o",
	}, opt)
	return s
}

func (s *saves) config() string {
	exe, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	watcher := func(name, watch, role, more string) string {
		return fmt.Sprintf("  %s: {watch: %s, %sstages: [{name: %s, run: [%q, %s]}], env: {%s: %s}}\n", name, watch, more, role, exe, name, childEnv, role)
	}
	ignore := ""
	if s.ignore != "" {
		ignore = fmt.Sprintf("ignore: [%q], ", s.ignore)
	}
	text := "watchers:\n" + watcher("check", "[src]", "witness", ignore) + watcher("gen", "[proto]", "generate", "")
	if s.extra {
		text += watcher("extra", "['src/d*/**', src/f0]", "witness", "")
	}
	return text
}

// witness is a stage that writes down what it sees of what git does not ignore: a file's content by its name.
func witness() {
	root, err := filepath.Abs("src")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	saw := look(root, "src")
	for path := range saw {
		if hidden(filepath.Dir(root), path) {
			delete(saw, path) // it is not watched
		}
	}
	<-time.After(time.Duration(rand.IntN(25)) * time.Millisecond)
	text, err := json.Marshal(saw)
	if err == nil {
		err = os.WriteFile("saw-"+os.Args[1], text, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// generate is a stage that writes what another watcher watches.
func generate() {
	text, err := os.ReadFile("proto/p")
	<-time.After(time.Duration(rand.IntN(25)) * time.Millisecond)
	if err != nil || os.MkdirAll("src", 0o755) != nil {
		os.Exit(0) // it is not there now
	}
	_ = os.WriteFile("src/generated", text, 0o644) // something else may be there
}

// look reads a tree, and names it. Links are followed as devloop says that it does.
func look(root, called string) map[string]string {
	files := map[string]string{}
	var read func(real, name string, within bool)
	read = func(real, name string, within bool) {
		entries, err := os.ReadDir(real)
		if err != nil {
			return
		}
		for _, e := range entries {
			at, as := filepath.Join(real, e.Name()), filepath.Join(name, e.Name())
			info, err := os.Stat(at)
			switch {
			case e.IsDir():
				read(at, as, within)
			case err != nil:
				if e.Type()&fs.ModeSymlink != 0 {
					continue // a link that leads nowhere is no file
				}
			case info.IsDir():
				target, err := filepath.EvalSymlinks(at)
				self, err2 := filepath.EvalSymlinks(real)
				if err == nil && err2 == nil && !within && target != self && !strings.HasPrefix(self, target+"/") {
					read(target, as, true)
				}
			case info.Mode().IsRegular():
				if text, err := readNow(at); err == nil {
					files[as] = string(text)
				}
			}
		}
	}
	read(root, called, false)
	return files
}

// readNow reads a file, which may have given way to a FIFO.
func readNow(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (s *saves) at(path string) string { return filepath.Join(s.p.dir, path) }

func (s *saves) do(what string, err error) {
	if err != nil {
		what += "   # " + err.Error()
	}
	s.log = append(s.log, what)
}

func (s *saves) text() string {
	s.n++
	return fmt.Sprintf("text %d", s.IntN(s.n+1))
}

// dir is one of the tree's, by its name.
func (s *saves) dir() string {
	dirs := []string{"src"}
	filepath.WalkDir(s.at("src"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			rel, _ := filepath.Rel(s.p.dir, path)
			dirs = append(dirs, rel)
		}
		return nil
	})
	return dirs[s.IntN(len(dirs))]
}

func (s *saves) file() string {
	if s.IntN(12) == 0 {
		return fmt.Sprintf("outside/f%d", s.IntN(2))
	}
	return filepath.Join(s.dir(), fmt.Sprintf("f%d", s.IntN(4)))
}

// write saves in one of the ways of editors and programs.
func (s *saves) write(path, text string) {
	abs := s.at(path)
	if info, err := os.Lstat(abs); err == nil && !info.Mode().IsRegular() && !info.IsDir() && info.Mode()&fs.ModeSymlink == 0 {
		s.do("rm "+path, os.Remove(abs)) // nobody would read it
	}
	if info, err := os.Stat(abs); err == nil && !info.Mode().IsRegular() {
		return
	}
	switch way := s.IntN(6); way {
	case 0, 1:
		s.do("write "+path, os.WriteFile(abs, []byte(text), 0o644))
	case 2:
		tmp := s.at("outside/tmp")
		err := os.WriteFile(tmp, []byte(text), 0o644)
		if err == nil {
			err = os.Rename(tmp, abs)
		}
		s.do("replace "+path, err)
	case 3:
		if runtime.GOOS == "linux" || s.polled {
			s.do("map "+path, writeMap(abs, text))
		}
	case 4: // with the time that it had, and the same length
		before, err := os.Stat(abs)
		if err == nil {
			text = (text + strings.Repeat(" ", int(before.Size())))[:before.Size()]
			if err = os.WriteFile(abs, []byte(text), 0o644); err == nil {
				err = os.Chtimes(abs, before.ModTime(), before.ModTime())
			}
		}
		s.do("write with the same time "+path, err)
	case 5:
		err := os.WriteFile(abs, []byte(text), 0o644)
		then := time.Now().Add(time.Duration(s.IntN(4000)-2000) * time.Hour)
		if err == nil {
			err = os.Chtimes(abs, then, then)
		}
		s.do("write with a time of its own "+path, err)
	}
}

func writeMap(path, text string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Truncate(int64(len(text))); err != nil {
		return err
	}
	mapped, err := unix.Mmap(int(f.Fd()), 0, len(text), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	copy(mapped, text)
	return unix.Munmap(mapped)
}

func (s *saves) step() {
	switch n := s.IntN(100); {
	case n < 40:
		s.write(s.file(), s.text())
	case n < 46:
		file := s.file()
		s.do("rm "+file, os.Remove(s.at(file)))
	case n < 52:
		dir := filepath.Join(s.dir(), fmt.Sprintf("d%d", s.IntN(3)))
		if strings.Count(dir, "/") < 5 {
			s.do("mkdir "+dir, os.MkdirAll(s.at(dir), 0o755))
			s.write(filepath.Join(dir, "f0"), s.text())
		}
	case n < 56:
		if dir := s.dir(); dir != "src" {
			s.do("rm -r "+dir, os.RemoveAll(s.at(dir)))
		}
	case n < 60:
		if dir := s.dir(); dir != "src" {
			s.n++
			to := []string{fmt.Sprintf("src/d%d", s.IntN(3)), fmt.Sprintf("outside/out%d", s.n)}[s.IntN(2)]
			s.do("mv "+dir+" "+to, os.Rename(s.at(dir), s.at(to)))
		}
	case n < 63:
		s.n++
		in := fmt.Sprintf("outside/in%d", s.n)
		err := os.MkdirAll(s.at(in+"/sub"), 0o755)
		if err == nil {
			err = os.WriteFile(s.at(in+"/sub/f1"), []byte(s.text()), 0o644)
		}
		if err == nil {
			err = os.Rename(s.at(in), s.at(filepath.Join(s.dir(), "in")))
		}
		s.do("move in "+in, err)
	case n < 69:
		link := filepath.Join(s.dir(), fmt.Sprintf("f%d", s.IntN(4)))
		target := []string{"f0", "../f1", "..", s.at("outside"), s.at("outside/f0"), "/dev/null", "nowhere"}[s.IntN(7)]
		err := os.Remove(s.at(link))
		if err == nil || os.IsNotExist(err) {
			err = os.Symlink(target, s.at(link))
		}
		s.do("ln -s "+target+" "+link, err)
	case n < 73:
		file := filepath.Join(s.dir(), fmt.Sprintf("f%d", s.IntN(4)))
		err := os.Remove(s.at(file))
		switch {
		case err != nil && !os.IsNotExist(err):
		case s.IntN(2) == 0:
			err = unix.Mkfifo(s.at(file), 0o644)
		default:
			var l net.Listener
			if l, err = net.Listen("unix", s.at(file)); err == nil {
				l.(*net.UnixListener).SetUnlinkOnClose(false)
				l.Close()
			}
		}
		s.do("no file "+file, err)
	case n < 81:
		dir := s.dir()
		if s.IntN(2) == 0 {
			dir = "."
		}
		rule := []string{"", "f2\n", "f1\nd1/\n", "# nothing\n", "in/\n"}[s.IntN(5)]
		s.do(fmt.Sprintf("rules %s %q", dir, rule), os.WriteFile(s.at(filepath.Join(dir, ".gitignore")), []byte(rule), 0o644))
	case n < 84:
		s.do("rm rules", os.Remove(s.at(filepath.Join(s.dir(), ".gitignore"))))
	case n < 90:
		s.write("proto/p", s.text())
	case n < 96:
		s.extra = s.IntN(2) == 0
		s.ignore = []string{"", "src/d1", "**/f3"}[s.IntN(3)]
		s.do(fmt.Sprintf("configure %v %q", s.extra, s.ignore), os.WriteFile(s.at("devloop.yaml"), []byte(s.config()), 0o644))
	case n < 98:
		s.do("break the configuration", os.WriteFile(s.at("devloop.yaml"), []byte(s.config()+"oops: 1\n"), 0o644))
	case n < 99:
		s.do("rm -r src", os.RemoveAll(s.at("src")))
		s.do("mkdir src", os.MkdirAll(s.at("src"), 0o755))
	default:
		s.do("pause", nil)
		<-time.After(time.Duration(s.IntN(40)) * time.Millisecond)
	}
}

// hidden tells whether a rule of git's keeps the file out: of the directories above it, and by their names.
func hidden(root, path string) bool {
	parts := strings.Split(path, "/")
	for i := range parts {
		isDir := i < len(parts)-1
		verdict := false
		for up := i; up >= 0; up-- {
			dir := filepath.Join(parts[:up]...)
			rules := filepath.Join(root, dir, ".gitignore")
			info, err := os.Lstat(rules)
			if err != nil || !info.Mode().IsRegular() {
				continue
			}
			text, _ := os.ReadFile(rules)
			lines := strings.Fields(string(text))
			if slices.Contains(lines, parts[i]) || isDir && slices.Contains(lines, parts[i]+"/") {
				verdict = true
			}
		}
		if verdict {
			return true
		}
	}
	return false
}

// watches tells whether a watcher watches the file.
func (s *saves) watches(watcher, path string) bool {
	switch {
	case watcher == "extra":
		return path == "src/f0" || strings.HasPrefix(path, "src/d") && strings.Count(path, "/") > 1 && !hidden(s.p.dir, path)
	case s.ignore == "src/d1" && strings.HasPrefix(path, "src/d1/"), s.ignore == "**/f3" && slices.Contains(strings.Split(path, "/"), "f3"):
		return false
	}
	return !hidden(s.p.dir, path)
}

func (s *saves) run() {
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	for round := range 4 {
		s.log = append(s.log, fmt.Sprintf("# round %d", round))
		for range 30 + s.IntN(30) {
			s.step()
			if s.IntN(8) == 0 {
				<-time.After(time.Duration(s.IntN(15)) * time.Millisecond)
			}
		}
		s.do("configure", os.WriteFile(s.at("devloop.yaml"), []byte(s.config()), 0o644))
		late := time.Now().Add(patience)
		for {
			v, err := s.client.Wait(ctx)
			if err != nil || !v.OK {
				s.fail(fmt.Sprintf("wait says %+v, %v", v, err))
				return
			}
			wrong := s.wrong()
			if wrong == "" {
				break
			}
			// Where one watcher writes what another watches, or times are coarse, it may take a moment more.
			if time.Now().After(late) {
				s.fail(wrong)
				return
			}
			<-time.After(20 * time.Millisecond)
		}
	}
	s.p.end(0)
}

func (s *saves) fail(why string) {
	s.Errorf("%s\nwhat was done:\n%s\nthe screen shows:\n%s", why, strings.Join(s.log, "\n"), s.p.screen)
}

// wrong says what a watcher has not seen.
func (s *saves) wrong() string {
	now := look(s.at("src"), "src")
	for _, watcher := range []string{"check", "extra"} {
		if watcher == "extra" && !s.extra {
			continue
		}
		text, err := os.ReadFile(s.at("saw-" + watcher))
		saw := map[string]string{}
		if err == nil {
			err = json.Unmarshal(text, &saw)
		}
		if err != nil {
			return fmt.Sprintf("%s: %v", watcher, err)
		}
		for _, files := range []map[string]string{now, saw} {
			for path := range files {
				a, is := now[path]
				b, was := saw[path]
				if (a != b || is != was) && s.watches(watcher, path) {
					return fmt.Sprintf("%s holds %q (%v), and %s saw %q (%v)", path, a, is, watcher, b, was)
				}
			}
		}
	}
	return ""
}

// TestReadHalfWritten: one watcher writes a file as it was, and another one has read it while it was empty: that one
// runs again, also where files are polled and nobody has seen the file empty.
func TestReadHalfWritten(t *testing.T) {
	const config = `watchers:
  check: {watch: [src], stages: ['if rm at-check; then read x < a; cat src/g > saw; echo > b; read x < c; else cat src/g > saw; fi']}
  gen: {watch: [proto], stages: ['if rm at-gen; then : > src/g; echo > a; read x < b; printf text > src/g; echo > c; fi']}
`
	every := time.Hour
	p, client := controlledWith(t, map[string]string{"devloop.yaml": config, "src/g": "text", "src/v": "0", "proto/p": "0"}, orchestrator.Options{Poll: &every})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, fifo := range []string{"a", "b", "c"} {
		if err := unix.Mkfifo(filepath.Join(p.dir, fifo), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wait := func() {
		t.Helper()
		if v, err := client.Wait(ctx); err != nil || !v.OK {
			t.Fatalf("%+v, %v; the screen shows:\n%s", v, err, p.screen)
		}
	}
	wait()
	for _, name := range []string{"at-check", "at-gen", "src/v", "proto/p"} {
		p.write(name, "1")
	}
	wait()
	if saw, err := os.ReadFile(filepath.Join(p.dir, "saw")); err != nil || string(saw) != "text" {
		t.Errorf("check saw %q, %v; the screen shows:\n%s", saw, err, p.screen)
	}
}

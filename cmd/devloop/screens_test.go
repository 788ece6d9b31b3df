//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"golang.org/x/sys/unix"

	"devloop/orchestrator/test/termtest"
	"devloop/orchestrator/test/testenv"
)

var update = flag.Bool("update", false, "write the screens into testdata/screens, and their pictures into docs/screens")

// shop is a project with a watcher that can fail and a server that answers.
const shop = `version: 1
sockets:
  web: http::PORT
watchers:
  check:
    watch: "*.go"
    stages:
      - {name: vet, run: 'true'}
      - {name: test, run: cat gate}
      - {name: compile, run: sh build.sh}
    trigger: .trigger
processes:
  server: {run: "DEVLOOP_TEST_AS_SERVER=1 exec $SELF page.txt", watch: .trigger, sockets: [web]}
  talker: {run: sh talk.sh, restart: never}
`

const shopBuild = "grep -q undefined main.go || exit 0\ncat problems.txt >&2\nexit 1\n"

// shopFiles are the project's files. gate is one that the test stage reads: a test that makes a pipe of it holds the stage.
func shopFiles() map[string]string {
	problems := "# shop\n"
	for i := range 120 {
		problems += fmt.Sprintf("./main.go:%d:6: declared and not used: x%d\n", 45+i, i)
	}
	return map[string]string{
		"devloop.yaml": strings.ReplaceAll(shop, "PORT", testenv.FreePort()), "build.sh": shopBuild, "gate": "", "talk.sh": "while cat talk; do true; done\n", "page.txt": "hello",
		"main.go": "package main\n" + strings.Repeat("//\n", 200), "problems.txt": problems,
	}
}

// recording is devloop on a terminal, in a project of its own.
type recording struct {
	*terminal
	dir string
}

// record runs devloop in a project with these files.
func record(t *testing.T, rows, cols int, files map[string]string, args ...string) *recording {
	t.Helper()
	r := &recording{dir: inDirectory(t, files)}
	if files["talk.sh"] != "" {
		if err := unix.Mkfifo(filepath.Join(r.dir, "talk"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.terminal = r.on(t, rows, cols, exec.Command(os.Args[0], append([]string{"up"}, args...)...))
	return r
}

// inDirectory makes a directory with these files.
func inDirectory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "devloop-test-") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r := &recording{dir: dir}
	for name, text := range files {
		r.write(t, name, text)
	}
	return dir
}

// on runs a command in the project, on a terminal; $SELF is devloop.
func (r *recording) on(t *testing.T, rows, cols int, child *exec.Cmd) *terminal {
	t.Helper()
	child.Dir = r.dir
	child.Env = r.environ()
	x := &terminal{t, termtest.Start(t, rows, cols, child)}
	t.Cleanup(func() { _ = child.Process.Kill() }) // it may have ended
	return x
}

func (r *recording) environ() []string {
	return append(os.Environ(), asDevloop+"=1", "SELF="+os.Args[0], "DEVLOOP_RUNTIME_DIR="+r.dir+"/.run", "XDG_STATE_HOME="+r.dir+"/.state",
		"CI=", "NO_COLOR=", "TERM=xterm-256color", "TERM_PROGRAM=", "VTE_VERSION=", "TMUX=", "PS1=ready> ", "EDITOR=echo edited", "BROWSER=true", "ENV="+os.DevNull)
}

// write saves a file in one step, so that nobody reads half of it; into a pipe it writes.
func (r *recording) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(r.dir, name)
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// verb runs another devloop in the project, to its end.
func (r *recording) verb(t *testing.T, args ...string) {
	t.Helper()
	if out, err := r.command(args...).CombinedOutput(); err != nil {
		t.Fatalf("devloop %v: %v\n%s", args, err, out)
	}
}

// TestTheTerminalsEditor: the loop says in whose terminal it runs, for pages that lead to places in files.
func TestTheTerminalsEditor(t *testing.T) {
	t.Parallel()
	r := &recording{dir: inDirectory(t, map[string]string{"devloop.yaml": "watchers: {check: {watch: a, stages: ['true']}}\n"})}
	x := r.on(t, 24, 80, exec.Command("env", "TERM_PROGRAM=zed", os.Args[0], "up"))
	x.Shows(`^● `)
	out, err := r.command("status", "--json").Output()
	if err != nil || !strings.Contains(string(out), `"editor": "zed"`) {
		t.Errorf("%v\n%s", err, out)
	}
	r.verb(t, "down")
}

// TestAccessible: with ACCESSIBLE=1 every step has a line of its own, and nothing on the terminal is redrawn.
func TestAccessible(t *testing.T) {
	t.Parallel()
	r := &recording{dir: inDirectory(t, map[string]string{"devloop.yaml": "watchers: {check: {watch: a, stages: ['true']}}\n"})}
	x := r.on(t, 24, 80, exec.Command("env", "ACCESSIBLE=1", os.Args[0], "up"))
	x.Shows(`^check +\| ✓ passed`)
	r.verb(t, "wait")
	r.verb(t, "down")
	x.Shows(`^devloop +\| stopping`)
	if moves := regexp.MustCompile(`\x1b\[[0-9;?]*[A-HJKSTfhl]|\x1b[\]78M]|\r[^\r\n]`).FindString(x.Since(0)); moves != "" {
		t.Errorf("it writes %q", moves)
	}
}

// TestNothingIsWrittenWhenIdle: while others ask it, and nothing happens, devloop writes nothing.
func TestNothingIsWrittenWhenIdle(t *testing.T) {
	t.Parallel()
	r := record(t, 24, 80, shopFiles())
	r.Shows(`^● live`)
	r.verb(t, "wait")
	r.verb(t, "status") // what the end of the wait has changed is written
	before := r.Written()
	for range 20 {
		r.verb(t, "status")
	}
	if more := r.Since(before); more != "" {
		t.Errorf("devloop has written %q", more)
	}
}

// TestEveryLineOnce: four processes print as fast as they can, while the window changes its size. Every line is seen, once
// and whole, and nothing else but what devloop says.
func TestEveryLineOnce(t *testing.T) {
	t.Parallel()
	lines := testenv.Either(2_000, 3_000) // the emulator writes all of them anew when the window changes its size
	config := "processes:\n"
	for _, name := range []string{"ant", "bee", "cat", "dog"} {
		config += fmt.Sprintf("  %s: {run: \"seq -f '%s %%06g of a long line' %d; exec sleep 1000\"}\n", name, name, lines)
	}
	r := record(t, 24, 100, map[string]string{"devloop.yaml": config})
	for i := range testenv.Either(10, 50) {
		r.Await(`dog +\| `)
		r.Resize(10+i%30, 60+(37*i)%80)
	}
	ended, from := map[string]bool{}, 0
	testenv.UntilTrue(t, "every process has printed its last line", func() bool {
		text := r.Since(from)
		for _, name := range []string{"ant", "bee", "cat", "dog"} {
			ended[name] = ended[name] || strings.Contains(text, fmt.Sprintf("%s %06d of a long line", name, lines))
		}
		from += max(0, len(text)-100) // the end may be half a line
		return ended["ant"] && ended["bee"] && ended["cat"] && ended["dog"]
	})
	line := regexp.MustCompile(`^(ant|bee|cat|dog) +\| (ant|bee|cat|dog) (\d{6}) of a long line$`)
	own := regexp.MustCompile(`^(ant|bee|cat|dog) +✓ started$|^$`)
	next := map[string]int{}
	seen := r.Shows(`^● live`)
	if got := seen.Rows()[seen.Y+1]; !strings.HasPrefix(got, "● live") || seen.X != 0 {
		t.Errorf("the cursor is in column %d above %q", seen.X, got)
	}
	for _, row := range append(r.Past(), seen.Rows()[:seen.Y]...) {
		m := line.FindStringSubmatch(row)
		switch {
		case m == nil && !own.MatchString(row):
			t.Errorf("%q is no line of anybody", row)
		case m == nil:
		case m[1] != m[2] || m[3] != fmt.Sprintf("%06d", next[m[1]]+1):
			t.Fatalf("%q comes after line %d", row, next[m[1]])
		default:
			next[m[1]]++
		}
	}
}

// TestTheCursorIsWhereItBelongs: however devloop ends or is stopped, a shell's prompt comes on a line of its own, with
// nothing of devloop's below or beside it, and what is typed is seen.
func TestTheCursorIsWhereItBelongs(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *recording, pid int){
		"q":                 func(r *recording, _ int) { r.Press("q") },
		"Ctrl-C":            func(r *recording, _ int) { r.Press("\x03") },
		"Ctrl-Z":            func(r *recording, _ int) { r.Press("\x1a") },
		"SIGTERM":           func(_ *recording, pid int) { _ = syscall.Kill(pid, syscall.SIGTERM) },
		"SIGQUIT":           func(r *recording, _ int) { r.Press("\x1c") },
		"SIGKILL":           func(_ *recording, pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) },
		"panic":             func(r *recording, _ int) { r.write(t, "panic", "") },
		"panic of the loop": func(r *recording, _ int) { r.write(t, "saved", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &recording{dir: inDirectory(t, map[string]string{"devloop.yaml": "watchers: {check: {watch: saved, stages: ['true']}}\nprocesses: {nap: {run: 'exec sleep 1000 >held'}}\n"})}
			for _, pipe := range []string{"held", "panic"} {
				if err := unix.Mkfifo(filepath.Join(r.dir, pipe), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r.terminal = r.on(t, 24, 80, exec.Command("/bin/sh", "-im"))
			r.Await("ready> ")
			r.Press("DEVLOOP_TEST_PANIC=panic DEVLOOP_TEST_PANIC_LOOP=yes $SELF up --color never\r")
			held, err := os.Open(filepath.Join(r.dir, "held")) // it waits for the command
			if err != nil {
				t.Fatal(err)
			}
			defer held.Close()
			r.Press("?")
			r.Await("keys: a ") // it reads keys
			pid, err := unix.IoctlGetInt(int(r.Side.Fd()), unix.TIOCGPGRP)
			if err != nil {
				t.Fatal(err)
			}
			end(r, pid)
			r.Await(`ready> `)
			testenv.UntilTrue(t, "what is typed is seen", func() bool {
				modes, err := unix.IoctlGetTermios(int(r.Side.Fd()), getTermios)
				return err == nil && modes.Lflag&unix.ECHO != 0
			})
			if name != "panic" { // of any goroutine but the loop's: what the runtime prints leaves an empty row, where it stands
				testenv.UntilTrue(t, "nothing of the status line is left", func() bool {
					return !strings.Contains(strings.Join(append(r.Past(), r.Screen().Text()), "\n"), "? keys")
				})
			}
			r.Press("echo here\r")
			// As it is seen: what clears the status line may be written between the two.
			testenv.UntilTrue(t, "the command is answered, and the next prompt is there", func() bool {
				s := r.Screen()
				return s.Y > 1 && s.Rows()[s.Y] == "ready>" && s.Rows()[s.Y-1] == "here"
			})
			seen := r.Screen()
			rows := seen.Rows()
			if got := rows[seen.Y]; got != "ready>" || seen.X != len("ready> ") || seen.Hidden || seen.Alternate {
				t.Errorf("the prompt is %q, the cursor at %d; hidden %v", got, seen.X, seen.Hidden)
			}
			if got := rows[seen.Y-2]; got != "ready> echo here" {
				t.Errorf("what was typed is seen as %q", got)
			}
			if below := strings.Join(rows[seen.Y+1:], ""); below != "" {
				t.Errorf("below the prompt is %q", below)
			}
			if strings.HasPrefix(name, "panic") && !strings.Contains(strings.Join(append(r.Past(), rows...), "\n"), "\npanic: as the test wants") {
				t.Errorf("the panic is not told:\n%s", strings.Join(append(r.Past(), rows...), "\n"))
			}
			if name != "Ctrl-Z" { // and nothing runs any more
				if left, err := io.ReadAll(held); err != nil || len(left) > 0 {
					t.Errorf("the command's end: %q, %v", left, err)
				}
			} else {
				r.Press("fg\r")
				r.Press("?")
				r.Await("keys: a ")
				r.Press("q")
				r.Await("ready> ")
			}
		})
	}
}

// state is what devloop may show.
type state struct {
	name, what string
	files      func() map[string]string // for each terminal anew: each has a port of its own
	reach      func(t *testing.T, r *recording)
	shows      string // once it is reached
	from       string // the first line that is looked at: what came before comes in any order
	timed      string // what stands there only after a second, or until then
}

// quick is a project whose check is quick, unless gate is a pipe, and whose server keeps quiet.
func quick() map[string]string {
	files := shopFiles()
	delete(files, "talk.sh")
	files["devloop.yaml"] = strings.ReplaceAll(files["devloop.yaml"], "  talker: {run: sh talk.sh, restart: never}\n", "")
	return files
}

// only is a project of one devloop.yaml.
func only(text string) func() map[string]string {
	return func() map[string]string { return map[string]string{"devloop.yaml": text} }
}

func save(text string) func(*testing.T, *recording) {
	return func(t *testing.T, r *recording) {
		r.Shows(`^● `)
		r.verb(t, "wait")
		r.write(t, "main.go", text+strings.Repeat("//\n", 200))
	}
}

var states = []state{
	{name: "live", what: "A save has passed its checks, and the new server is live", files: quick,
		reach: save("package main // saved\n"), shows: `^● live · save 2 `, from: `^check +✓ main`},
	{name: "running", what: "The checks of a save run; the save before is live", files: quick,
		reach: func(t *testing.T, r *recording) {
			save("package main // saved\n")(t, r)
			r.Shows(`^● live · save 2 `)
			if err := os.Remove(filepath.Join(r.dir, "gate")); err != nil {
				t.Fatal(err)
			}
			if err := unix.Mkfifo(filepath.Join(r.dir, "gate"), 0o600); err != nil {
				t.Fatal(err)
			}
			save("package main // saved again\n")(t, r)
		}, shows: `^◐ check +test`, from: `^◐ check`, timed: ` \d+s\b| · \? keys`},
	{name: "failed", what: "A save has failed: the first of 120 problems, and the server of the save before still answers", files: quick,
		reach: save("package main // undefined\n"), shows: `^✗ check failed`, from: `^check +✗`},
	{name: "fixed", what: "The save that fixes it", files: quick,
		reach: func(t *testing.T, r *recording) {
			save("package main // undefined\n")(t, r)
			r.Shows(`^✗ check failed`)
			r.write(t, "main.go", "package main // fixed\n"+strings.Repeat("//\n", 200))
		}, shows: `^● live · save 3 `, from: `^check +✓ main`},
	{name: "crashing", what: "A process that crashes again and again: it has said the same each time", files: func() map[string]string {
		return map[string]string{"devloop.yaml": "processes: {crasher: {run: 'echo app.py:12: no database; exit 3'}}\n", "app.py": ""}
	},
		shows: `^✗ crasher exit 3 ×3.*(app\.py:12|\ds$)`, from: `^crasher +✗`},
	{name: "waiting", what: "A process that waits for another one", files: only("processes:\n  backend: {run: exit 0, restart: never, ready: {file: never}}\n  front: {run: sleep 1000, depends_on: {backend: ready}}\n"),
		reach: func(_ *testing.T, r *recording) { r.Shows(`! waits for backend`) }, shows: `^- front waits for backend, which ended`, from: `front`},
	{name: "stopping", what: "The end: whom devloop waits for", files: only("processes: {stubborn-worker: {run: \"trap '' TERM; echo here; while :; do sleep 1000; done\", stop: {timeout: 5s}}}\n"),
		reach: func(_ *testing.T, r *recording) {
			r.Shows(`\| here`)
			r.Shows(`^● live`)
			r.Press("q")
		}, shows: `^■ stopping 1 of 1`, from: `^■`},
	{name: "mistake", what: "A mistake in devloop.yaml; the last valid one runs", files: quick,
		reach: func(t *testing.T, r *recording) {
			r.Shows(`^● `)
			r.verb(t, "wait")
			text, err := os.ReadFile(filepath.Join(r.dir, "devloop.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			r.write(t, "devloop.yaml", string(text)+"comand: x\n")
		}, shows: `^✗ devloop\.yaml`, from: `^devloop +.*devloop\.yaml`},
	{name: "paused", what: "Watching is paused", files: quick,
		reach: func(t *testing.T, r *recording) {
			r.Shows(`^● `)
			r.verb(t, "wait")
			r.Press("p")
			r.Shows(`^‖ paused`)
		}, shows: `^‖ paused`, from: `^devloop +watching`},
}

// TestScreens: what each state looks like, on a small, a usual and a large terminal. With -update the screens are written, and
// the pictures in docs/screens.
func TestScreens(t *testing.T) {
	t.Parallel()
	for _, s := range states {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", "screens", s.name+".txtar")
			golden := &txtar.Archive{Comment: []byte(s.what + ".\n")}
			if !*update {
				var err error
				if golden, err = txtar.ParseFile(file); err != nil {
					t.Fatal(err)
				}
			}
			for i, size := range [][2]int{{20, 40}, {24, 80}, {40, 120}} {
				name := fmt.Sprintf("%dx%d", size[1], size[0])
				r := record(t, size[0], size[1], s.files())
				if s.reach != nil {
					s.reach(t, r)
				}
				seen := r.Shows(s.shows)
				if seen.X != 0 || seen.Rows()[seen.Y] != "" || seen.Rows()[seen.Y+1] == "" {
					t.Errorf("%s: the cursor is not at the start of the row above the status line:\n%s", name, seen)
				}
				text := termtest.Stable(regexp.MustCompile(`(?m)^server +\| .*\n`).ReplaceAllString(seen.Text(), "")) + "\n" // it comes when it comes
				if at := regexp.MustCompile("(?m)" + s.from).FindStringIndex(text); at != nil {
					text = text[at[0]:]
				}
				if s.name == "failed" && size[1] == 80 {
					if link := seen.Links()["main.go:45:6"]; !strings.HasPrefix(link, "file://") || !strings.HasSuffix(link, r.dir+"/main.go") {
						t.Errorf("the first problem leads to %q", link)
					}
				}
				if s.timed != "" {
					text = regexp.MustCompile(s.timed).ReplaceAllString(text, "")
				}
				switch {
				case !*update:
					// How long something took decides where a line is folded.
					if want := string(golden.Files[i].Data); strings.Join(strings.Fields(text), " ") != strings.Join(strings.Fields(want), " ") {
						t.Errorf("%s shows\n%s\nwant\n%s\n(go test ./cmd/devloop -run Screens -update writes it)", name, text, want)
					}
				default:
					golden.Files = append(golden.Files, txtar.File{Name: name, Data: []byte(text)})
					if size[1] == 80 {
						picture := filepath.Join("..", "..", "docs", "screens", s.name+".svg")
						drawn := regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(seen.SVG(s.what), "127.0.0.1:3000")
						if err := os.WriteFile(picture, []byte(drawn), 0o644); err != nil {
							t.Error(err)
						}
					}
				}
				if s.name == "stopping" {
					r.Press("\x03") // kills at once
				} else {
					_ = r.Child.Process.Kill() // the guardian ends the rest
				}
				_ = r.Child.Wait()
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(golden), 0o644); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

//go:build unix

// Command horror is a tree of processes that does not want to end, for the tests of those who end trees: it forks, leaves,
// ignores and forgets as the kind says. It never lives longer than a minute, and talks to nobody.
//
//	horror DIR KIND
//
// Every process of the tree has DIR in its arguments, whatever else it loses: who has not is none of it. When one has got
// to where it wants to be it makes an empty file DIR/KIND.PID.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// life is the end of every process here: nothing outlives a test that fails for long.
const life = time.Minute

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: horror DIR KIND")
		os.Exit(2)
	}
	time.AfterFunc(life, func() { os.Exit(3) })
	kind := os.Args[2]
	grow, ok := kinds[kind]
	if !ok {
		fmt.Fprintln(os.Stderr, "horror: no such kind:", kind)
		os.Exit(2)
	}
	grow()
}

// kinds of processes. Those that start others are leaders.
var kinds = map[string]func(){
	// sit ends when it is asked to.
	"sit": func() { ready(); forever() },
	// stubborn ends by SIGKILL alone.
	"stubborn": func() { ignore(); ready(); forever() },
	// wiped does what programs do that write their title over their environment.
	"wiped": func() {
		ignore()
		if err := wipe(); err != nil {
			os.Exit(6)
		}
		ready()
		forever()
	},

	"tree":    leader(func() { child("stubborn"); child("sit") }),
	"session": leader(func() { away("stubborn", &syscall.SysProcAttr{Setsid: true}) }),
	"group":   leader(func() { away("stubborn", &syscall.SysProcAttr{Setpgid: true}) }),
	// bare clears its environment and stays where it is; the leader too has none.
	"bare": func() {
		if len(os.Environ()) > 0 {
			again(nil)
		}
		child("stubborn")
		ready()
		forever()
	},
	// barren is a session of its own without an environment.
	"barren": leader(func() { start("stubborn", []string{}, &syscall.SysProcAttr{Setsid: true}) }),
	// daemon forks twice, into a session of its own.
	"daemon": leader(func() { twice("stubborn-daemon") }),
	// polite is a daemon that goes when it is asked to.
	"polite": leader(func() { twice("sit-daemon") }),
	// title is a daemon that writes over its environment.
	"title": leader(func() { twice("wiped-daemon") }),
	// nameless is a daemon without an environment.
	"nameless": leader(func() { twice("nameless-daemon") }),
	// late serves for a while before it becomes such a daemon, and later for longer.
	"late":  leader(func() { <-time.After(500 * time.Millisecond); twice("nameless-daemon") }),
	"later": leader(func() { <-time.After(12 * time.Second); twice("nameless-daemon") }),
	// gone is a daemon whose leader ends by itself.
	"gone": func() {
		before := count("stubborn")
		twice("stubborn-daemon")
		for count("stubborn") == before { // it is nobody's child, to be waited for
			<-time.After(time.Millisecond)
		}
		ready()
	},
	// spawner has many children, when it is asked to end and not before.
	"spawner": func() {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		ready()
		select {
		case <-asked:
			spawn()
		case <-time.After(life):
		}
	},

	// The middle of forking twice: it starts the daemon, and is gone.
	"stubborn-daemon": func() { child("stubborn") },
	"sit-daemon":      func() { child("sit") },
	"wiped-daemon":    func() { child("wiped") },
	"nameless-daemon": func() { start("stubborn", []string{}, nil) },
}

// leader makes a kind whose first process obeys, and so leaves the others behind when it is asked to end.
func leader(grow func()) func() {
	return func() { grow(); ready(); forever() }
}

func ignore() {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
}

func forever() { select {} }

// ready tells the test.
func ready() {
	f, err := os.Create(filepath.Join(os.Args[1], os.Args[2]+"."+strconv.Itoa(os.Getpid())))
	if err != nil {
		os.Exit(4) // the test is over
	}
	_ = f.Close() // nothing was written
}

// count is how many processes of a kind have been ready.
func count(kind string) int {
	found, _ := filepath.Glob(filepath.Join(os.Args[1], kind+".*")) // the pattern is right
	return len(found)
}

func child(kind string) { start(kind, nil, nil) }

func away(kind string, how *syscall.SysProcAttr) { start(kind, nil, how) }

// twice starts the middle in a session of its own, and waits until that is gone.
func twice(middle string) {
	_ = start(middle, nil, &syscall.SysProcAttr{Setsid: true}).Wait() // it has nothing to say
}

// start starts a kind. It holds the output, as careless programs do.
func start(kind string, env []string, how *syscall.SysProcAttr) *exec.Cmd {
	cmd := exec.Command(self(), os.Args[1], kind)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = how
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "horror:", err)
		os.Exit(5)
	}
	return cmd
}

// again is this process without its environment.
func again(env []string) {
	err := syscall.Exec(self(), os.Args, env)
	fmt.Fprintln(os.Stderr, "horror:", err)
	os.Exit(5)
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// spawn starts 500 small processes: in the group, in groups and in sessions of their own, some without an environment.
func spawn() {
	ignore()
	seconds := strconv.Itoa(int(life / time.Second))
	for i := range 500 {
		cmd := exec.Command("/bin/sleep", seconds)
		cmd.Args[0] = os.Args[1] // who has not DIR is none of the tree
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: i%3 == 1, Setpgid: i%3 == 2}
		if i%5 == 4 {
			cmd.Env = []string{}
		}
		if cmd.Start() != nil {
			return
		}
	}
	forever()
}

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"

	"github.com/spf13/cobra"

	"devloop/orchestrator/guardian"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/shellcmd"
	"devloop/orchestrator/sockets"
)

func listenCommand(a *app) *cobra.Command {
	var l listening
	cmd := &cobra.Command{
		Use:   "listen -s SPEC… [flags] -- COMMAND [ARG…]",
		Short: "Hold sockets for one command, without a configuration",
		Long: `listen binds sockets and runs a command that inherits them by the systemd protocol,
from file descriptor 3 on. It replaces systemfd and has its flags, but leaves
LISTEN_PID out on its own where the server is a child of the command, as with cargo
watch. SPEC is [TYPE::]ADDRESS: TYPE is tcp, http, https, udp or unix, ADDRESS is PORT,
HOST:PORT, [V6]:PORT or a path.`,
		Example: `  devloop listen -s http::3000 -- cargo run
  devloop listen -s http::3000 -s unix::/tmp/admin.sock -- cargo watch -x run`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, argv []string) error {
			l.argv = argv
			return listen(a.stderr, l)
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false) // the command's own flags are not ours
	flags.StringArrayVarP(&l.specs, "socket", "s", nil, "a socket to hold, as `SPEC`; may be given several times")
	flags.BoolVar(&l.noPID, "no-pid", false, "leave LISTEN_PID out, for commands that pass the sockets to a child")
	flags.BoolVar(&l.open.NoReuse, "no-reuse", false, "bind without SO_REUSEADDR")
	flags.IntVarP(&l.open.Backlog, "backlog", "b", 0, "the length of the listen queues (default: the system's maximum)")
	flags.BoolVarP(&l.quiet, "quiet", "q", false, "do not print the sockets")
	return cmd
}

// listening is what the command line of `devloop listen` asks for.
type listening struct {
	specs []string
	open  sockets.SpecOptions
	argv  []string
	noPID bool
	quiet bool
}

// listen stays beside the command, so that a unix socket is removed when the command has ended.
func listen(stderr io.Writer, l listening) (err error) {
	sealInherited()
	if l.open.Backlog < 0 {
		return usageError{fmt.Errorf("--backlog %d: must not be negative", l.open.Backlog), "devloop listen"}
	}
	bound, err := sockets.OpenSpecs(l.specs, l.open)
	if err != nil {
		return err
	}
	defer func() {
		for _, s := range bound {
			err = errors.Join(err, s.Close())
		}
	}()
	var files []*os.File
	var names []string
	for i, s := range bound {
		files = append(files, s.File())
		names = append(names, s.Name())
		if !l.quiet {
			fmt.Fprintf(stderr, "~> socket %s -> fd #%d\n", s, 3+i)
		}
	}
	if len(bound) == 0 && !l.quiet {
		fmt.Fprintln(stderr, "~> warning: no sockets created")
	}
	guard, mark := guardOne(stderr)
	defer func() {
		if guard != nil {
			err = errors.Join(err, guard.Close())
		}
	}()
	env := append(listenfd.StripEnv(os.Environ()), mark...)
	if len(files) > 0 {
		env = append(env, listenfd.Env(names)...)
	}
	argv := l.argv
	path, err := exec.LookPath(argv[0])
	if err != nil {
		printError(stderr, fmt.Errorf("start %s: %w", argv[0], errors.Unwrap(err)))
		if errors.Is(err, exec.ErrNotFound) {
			return exitCode(127) // as a shell would tell it
		}
		return exitCode(126)
	}
	wrapper := shellcmd.Wrapper(argv)
	switch {
	case len(files) == 0 || l.noPID:
	case wrapper != "":
		if !l.quiet {
			fmt.Fprintf(stderr, "~> no LISTEN_PID: the server is a child of `%s`\n", wrapper)
		}
	default:
		argv = shim.Wrap(shim.Self(), argv)
		path = argv[0]
	}
	child := &exec.Cmd{Path: path, Args: argv, Env: env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: files}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, heeded(forwarded)...)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return runError{fmt.Errorf("start %s: %w", argv[0], err)}
	}
	if guard != nil {
		guard.Add(child.Process.Pid)
	}
	ended := make(chan struct{})
	go func() {
		_ = child.Wait() // ProcessState has it all
		close(ended)
	}()
	for {
		select {
		case sig := <-signals:
			if !fromKeys(sig) {
				_ = child.Process.Signal(sig) // it may just have ended
			}
		case <-ended:
			if code := childCode(child.ProcessState); code != exitOK {
				return exitCode(code)
			}
			return nil
		}
	}
}

// guardOne starts a guardian for one command, which ends it when devloop is killed, and returns the
// environment that the command needs for that. It is nil where the system has none.
func guardOne(stderr io.Writer) (guard *guardian.Guardian, env []string) {
	mark := guardian.NewMark(os.Environ())
	guard, err := guardian.Start("", guardian.Options{Mark: mark})
	if err != nil {
		if !errors.Is(err, errors.ErrUnsupported) {
			fmt.Fprintf(stderr, "devloop: warning: %v; if devloop is killed, the command stays\n", err)
		}
		return nil, nil
	}
	return guard, []string{guardian.Name + "=" + guardian.CommandMark(mark, 1)}
}

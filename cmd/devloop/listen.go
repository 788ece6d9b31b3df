package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"github.com/spf13/cobra"

	"devloop/orchestrator"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/listenfd/shim"
)

func (a *app) listenCommand() *cobra.Command {
	var (
		specs   []string
		noPID   bool
		backlog int
		quiet   bool
	)
	cmd := &cobra.Command{
		Use:   "listen -s SPEC… [flags] -- COMMAND [ARG…]",
		Short: "Hold sockets for one command, without a configuration",
		Long: `listen binds sockets and runs a command that inherits them by the systemd
protocol, from file descriptor 3 on. It is what systemfd does, with systemfd's
flags. SPEC is [TYPE::]ADDRESS: TYPE is tcp, http, https, udp or unix, ADDRESS is
PORT, HOST:PORT, [V6]:PORT or a path.`,
		Example: `  devloop listen -s http::3000 -- cargo run
  devloop listen --no-pid -s http::3000 -s unix::/tmp/admin.sock -- cargo watch -x run`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, argv []string) error {
			return a.listen(specs, argv, noPID, backlog, quiet)
		},
	}
	flags := cmd.Flags()
	flags.SetInterspersed(false) // the command's own flags are not ours
	flags.StringArrayVarP(&specs, "socket", "s", nil, "a socket to hold, as `SPEC`; may be given several times")
	flags.BoolVar(&noPID, "no-pid", false, "leave LISTEN_PID out, for commands that hand the sockets on to a child")
	flags.IntVarP(&backlog, "backlog", "b", 0, "the length of the listen queues (default: the system's maximum)")
	flags.BoolVarP(&quiet, "quiet", "q", false, "do not print the sockets")
	return cmd
}

// listen stays beside the command, and does not become it, so that a unix
// socket is removed when the command has ended.
func (a *app) listen(specs, argv []string, noPID bool, backlog int, quiet bool) (err error) {
	sealInherited()
	if backlog < 0 {
		return usageError{fmt.Errorf("--backlog %d is not a length", backlog), "devloop listen"}
	}
	sockets, err := orchestrator.OpenSpecs(specs, backlog)
	if err != nil {
		return err
	}
	defer func() {
		for _, s := range sockets {
			err = errors.Join(err, s.Close())
		}
	}()
	var files []*os.File
	var names []string
	for i, s := range sockets {
		files = append(files, s.File())
		names = append(names, s.Name())
		if !quiet {
			fmt.Fprintf(a.stderr, "~> socket %s -> fd #%d\n", s.Address(), 3+i)
		}
	}
	if len(sockets) == 0 && !quiet {
		fmt.Fprintln(a.stderr, "~> warning: no sockets created")
	}
	env := listenfd.StripEnv(os.Environ())
	if len(files) > 0 {
		env = append(env, listenfd.Env(names)...)
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		printError(a.stderr, fmt.Errorf("start %s: %w", argv[0], errors.Unwrap(err)))
		if errors.Is(err, exec.ErrNotFound) {
			return exitCode(127) // as a shell would tell it
		}
		return exitCode(126)
	}
	if len(files) > 0 && !noPID {
		argv = shim.Wrap(shim.Self(), argv)
		path = argv[0]
	}
	child := &exec.Cmd{Path: path, Args: argv, Env: env, Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: files}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	if err := child.Start(); err != nil {
		return runError{fmt.Errorf("start %s: %w", argv[0], err)}
	}
	ended := make(chan struct{})
	go func() {
		_ = child.Wait() // ProcessState has it all
		close(ended)
	}()
	for {
		select {
		case sig := <-signals:
			// A Ctrl-C of the terminal reaches the command by itself, since it
			// shares the terminal's foreground group.
			if sig != os.Interrupt {
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

func (a *app) adoptCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "adopt -- COMMAND [ARG…]",
		Short: "Set LISTEN_PID to the pid of COMMAND, and become it",
		Long: `adopt corrects LISTEN_PID behind a wrapper that starts the server as a child:
most servers that take sockets by the systemd protocol insist that LISTEN_PID is
their own pid.`,
		Example: `  go run -exec 'devloop adopt --' .
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='devloop adopt --' cargo test`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, argv []string) error {
			err := shim.Exec(argv, os.Environ())
			printError(a.stderr, err)
			return exitCode(shim.ExitCode(err))
		},
	}
	cmd.Flags().SetInterspersed(false)
	return cmd
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

func openCommand(a *app) *cobra.Command {
	var show bool
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Open the dashboard in a browser",
		Long: `open opens the dashboard of the running loop, and logs the browser in. Which browser
that is, says $BROWSER, else the system. Where there is none, or no terminal, it prints
the address instead: whoever has that can use the dashboard.

The dashboard is at the address that devloop.yaml gives it: dashboard: 7777. Exit code
3 if no loop is running.`,
		Example: "  devloop open\n  devloop open --print",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			client, ctx, done, err := a.dial(context.Background())
			if err != nil {
				return err
			}
			defer done()
			login, err := client.Login(ctx)
			if err != nil {
				return answered(err)
			}
			if !show && isTerminal(a.screen) && browse(login.Once) == nil {
				_, err = fmt.Fprintln(a.stdout, "opened "+login.Address)
				return err
			}
			_, err = fmt.Fprintln(a.stdout, login.Always)
			return err
		},
	}
	cmd.Flags().BoolVar(&show, "print", false, "print the address, and open nothing")
	return cmd
}

// browse opens an address in the browser of this machine. Over ssh that is not the one that a person sees.
func browse(url string) error {
	first, _, _ := strings.Cut(os.Getenv("BROWSER"), ":")
	opener := strings.Fields(first)
	if len(opener) == 0 && os.Getenv("SSH_CONNECTION") == "" {
		opener = systemBrowser()
	}
	if len(opener) == 0 {
		return errors.New("open " + url)
	}
	return launch(exec.Command(opener[0], append(opener[1:], url)...))
}

// systemBrowser is the system's way to open an address; nil if there is none.
func systemBrowser() []string {
	var known [][]string
	switch runtime.GOOS {
	case "darwin":
		known = [][]string{{"open"}}
	case "windows":
		known = [][]string{{"rundll32", "url.dll,FileProtocolHandler"}}
	default:
		known = [][]string{{"wslview"}}
		if os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "" {
			known = append(known, []string{"xdg-open"})
		}
	}
	for _, command := range known {
		if _, err := exec.LookPath(command[0]); err == nil {
			return command
		}
	}
	return nil
}

// launch starts a program that has a window of its own, and does not wait for it.
func launch(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // so that it is no zombie; it may outlive devloop
	return nil
}

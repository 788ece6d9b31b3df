// Package shellcmd turns a command of the configuration, written as for a
// shell, into what is executed, and leaves the shell out where it has nothing
// to do, so that a pid and its signals are the program's own. It reads shell
// text; it never runs any, and never expands a variable or a pattern.
package shellcmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Command is what is executed for a text.
type Command struct {
	// Argv is the program and its arguments; never empty. Its first word may
	// need a look-up in PATH (the one that Env sets, if it does).
	Argv []string

	// Env holds the literal assignments before a Direct command, as
	// NAME=value in the order written; of a name that stands twice the last
	// one counts. As in a shell they win over every other source of the
	// environment. A command that keeps its shell keeps its assignments too.
	Env []string

	// Direct says that Argv is the program itself, without a shell.
	Direct bool

	// KeepsPID says that the process which is started becomes, by exec, the
	// program that the text names. Whether that program then starts another
	// one as its child is told by Wrapper.
	KeepsPID bool

	// Wrapper names a known program that runs what follows it as a child
	// ("npm run", "timeout"), so that neither the pid nor, with some of them,
	// the descriptors are those of what serves in the end. Empty: none that
	// is known.
	Wrapper string

	// Sole is the program that the text names, if that is all that the text
	// runs and its output goes where that of the command does: no redirection,
	// no pipe, no list, nothing whose output is substituted. Empty otherwise,
	// and with a shell that sets variables for it.
	Sole string
}

// Resolve reads text. With the default shell (/bin/sh -c) one simple command
// is executed without a shell if every word is literal, and with "exec "
// before its name if there is something left for the shell to do (variables,
// patterns, "~", redirections). Everything else, everything that is not sure
// to mean the same, and every text for a shell that was chosen goes to the
// shell as it is: also one that does not parse, since the shell that will not
// run it says better what is wrong.
//
// It is an error if there is nothing to run, if the shell is needed and there
// is none, and if the text holds a NUL, which no argument can carry.
func Resolve(text string, shell []string, isDefaultShell bool) (Command, error) {
	if strings.Trim(text, " \t\n") == "" {
		return Command{}, errors.New("the command is empty")
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return Command{}, fmt.Errorf("the command has a NUL at byte %d", at)
	}
	if isDefaultShell {
		if c, ok := shorten(text, shell); ok {
			return c, nil
		}
	}
	if len(shell) == 0 {
		return Command{}, errors.New("the command needs a shell, and none is set")
	}
	return inShell(text, shell), nil
}

// inShell hands a text to the shell.
func inShell(text string, shell []string) Command {
	c := Command{Argv: append(slices.Clone(shell), text)}
	if s, ok := shellText(c.Argv); ok {
		if keeps, wrapper := s.execs(); keeps {
			c.KeepsPID, c.Wrapper = true, wrapper
		}
	}
	return c
}

// shorten finds the form with the least shell in it; false if that is the
// whole text.
func shorten(text string, shell []string) (Command, bool) {
	l, ok := parseLine(text)
	switch {
	case !ok || !l.program():
		return Command{}, false
	case l.plain && len(l.redirs) == 0:
		return Command{Argv: l.words, Env: l.env, Direct: true, KeepsPID: true, Wrapper: Wrapper(l.words), Sole: l.words[0]}, true
	case len(shell) == 0:
		return Command{}, false
	case slices.ContainsFunc(l.redirs, func(r *syntax.Redirect) bool { return r.Hdoc != nil }):
		return Command{}, false // some shells write it from a child
	}
	// Before the name, and after what stands before that: assignments before
	// exec are exported to what it executes (in dash, bash, ksh, mksh, zsh,
	// busybox and yash; POSIX leaves it open), and are expanded in the same
	// order.
	at := l.call.Args[0].Pos().Offset()
	c := inShell(text[:at]+"exec "+text[at:], shell)
	if len(l.redirs) == 0 && len(l.env) == 0 && !l.substitutes() {
		c.Sole = l.words[0]
	}
	return c, true
}

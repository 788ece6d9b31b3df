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
	"unicode/utf8"

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
	return inShell(text, shell)
}

// inShell hands a text to the shell.
func inShell(text string, shell []string) (Command, error) {
	if len(shell) == 0 {
		return Command{}, errors.New("the command needs a shell, and none is set")
	}
	return Command{Argv: append(slices.Clone(shell), text)}, nil
}

// shorten finds the form with the least shell in it; false if that is the
// whole text.
func shorten(text string, shell []string) (Command, bool) {
	stmt, call := simple(text)
	if call == nil || len(call.Args) == 0 {
		return Command{}, false
	}
	words, plain := make([]string, len(call.Args)), true
	for i, w := range call.Args {
		value, ok := literal(w, argument)
		if !ok {
			// For the look at wrappers: the text is better than nothing.
			value, plain = source(text, w), false
		}
		words[i] = value
	}
	env := make([]string, len(call.Assigns))
	for i, a := range call.Assigns {
		value, ok := "", true
		if a.Value != nil {
			value, ok = literal(a.Value, assignment)
		}
		plain = plain && ok
		env[i] = a.Name.Value + "=" + value
	}
	_, nameIsPlain := literal(call.Args[0], argument)

	switch raw := source(text, call.Args[0]); {
	case nameIsPlain && words[0] == "exec":
		return alreadyExec(text, shell, words[1:])
	case nameIsPlain && needsShell(words[0], raw, words[1:], plain):
		return Command{}, false
	case !nameIsPlain && !strings.Contains(raw, "/"):
		// It may come out as a builtin, which cannot be exec'ed. What has a
		// slash cannot be one.
		return Command{}, false
	case plain && len(stmt.Redirs) == 0:
		return Command{Argv: words, Env: env, Direct: true, KeepsPID: true, Wrapper: Wrapper(words)}, true
	case slices.ContainsFunc(stmt.Redirs, func(r *syntax.Redirect) bool { return r.Hdoc != nil }):
		return Command{}, false
	}
	// Before the name, and after what stands before that: assignments before
	// exec are exported to what it executes (in dash, bash, ksh, mksh, zsh,
	// busybox and yash; POSIX leaves it open), and expanded in the same order.
	at := call.Args[0].Pos().Offset()
	c, err := inShell(text[:at]+"exec "+text[at:], shell)
	if err != nil {
		return Command{}, false
	}
	c.KeepsPID, c.Wrapper = true, Wrapper(words)
	return c, true
}

// alreadyExec is for a text that says exec itself: it knows what it wants.
func alreadyExec(text string, shell, words []string) (Command, bool) {
	c, err := inShell(text, shell)
	if err != nil || len(words) == 0 || words[0] == "" || words[0][0] == '-' {
		return Command{}, false // only redirections, or options of one shell
	}
	c.KeepsPID, c.Wrapper = true, Wrapper(words)
	return c, true
}

// simple parses a text that is one simple command in the foreground, and
// answers nil for every other.
func simple(text string) (*syntax.Stmt, *syntax.CallExpr) {
	// The parser takes a carriage return before a newline for part of it, and
	// replaces what is not UTF-8; shells keep both.
	if strings.ContainsRune(text, '\r') || !utf8.ValidString(text) {
		return nil, nil
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(text), "")
	if err != nil || len(file.Stmts) != 1 {
		return nil, nil
	}
	stmt := file.Stmts[0]
	call, ok := stmt.Cmd.(*syntax.CallExpr)
	if !ok || stmt.Negated || stmt.Background || stmt.Coprocess || stmt.Disown {
		return nil, nil
	}
	return stmt, call
}

// source is a word as it was written.
func source(text string, w *syntax.Word) string {
	return text[w.Pos().Offset():w.End().Offset()]
}

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"devloop/cmd/devloop/starter"
	"devloop/schema"
)

// asker asks people on a terminal, line by line. A nil one asks nobody.
type asker struct {
	in       *bufio.Reader
	out      io.Writer
	answered map[string]int // a question is asked once
}

// newAsker is nil where nobody can answer, or wants to.
func newAsker(a *app, yes bool) *asker {
	if yes || !isTerminal(a.screen) || !term.IsTerminal(int(os.Stdin.Fd())) || os.Getenv("CI") != "" || os.Getenv("TERM") == "dumb" {
		return nil
	}
	return &asker{bufio.NewReader(os.Stdin), foldedTo(a.stdout, a.screen), map[string]int{}}
}

// chooser is for [starter.Tools].
func (q *asker) chooser() func(string, []string) int {
	if q == nil {
		return nil
	}
	return q.choose
}

// choose asks for one of several. An empty line, and the end of the input, mean the
// first.
func (q *asker) choose(question string, options []string) int {
	if i, ok := q.answered[question]; ok && i < len(options) {
		return i
	}
	fmt.Fprintln(q.out, question)
	for i, o := range options {
		fmt.Fprintf(q.out, "%d  %s\n", i+1, o)
	}
	for {
		fmt.Fprint(q.out, "number [1]: ")
		line, err := q.in.ReadString('\n')
		line = strings.TrimSpace(line)
		n, bad := strconv.Atoi(line)
		switch {
		case err != nil:
			fmt.Fprintln(q.out)
			n = 1
		case line == "":
			n = 1
		case bad != nil || n < 1 || n > len(options):
			fmt.Fprintf(q.out, "a number from 1 to %d; Enter takes 1, and Ctrl-C ends init\n", len(options))
			continue
		}
		q.answered[question] = n - 1
		return n - 1
	}
}

// yes asks for a yes, which an empty line is; the end of the input is a no.
func (q *asker) yes(question string) bool {
	for {
		fmt.Fprintf(q.out, "%s [Y/n] ", question)
		line, err := q.in.ReadString('\n')
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true
		case "n", "no":
			return false
		case "":
			return err == nil
		}
		if err != nil {
			fmt.Fprintln(q.out)
			return false
		}
		fmt.Fprintln(q.out, "y or n; Enter is y")
	}
}

// folded breaks lines between words, where a terminal would break them anywhere. Lines that begin with a space
// stay whole.
type folded struct {
	w     io.Writer
	width int // in columns
}

// foldedTo is a writer of sentences on a screen; w itself where that is no terminal.
func foldedTo(w, screen io.Writer) io.Writer {
	if columns := width(screen); columns > 20 {
		return folded{w, columns}
	}
	return w
}

func (f folded) Write(text []byte) (int, error) {
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, " ") || len(line) <= f.width {
			b.WriteString(line)
			continue
		}
		at := 0
		for i, word := range strings.Fields(line) {
			switch {
			case i == 0:
			case at+1+len(word) > f.width:
				b.WriteString("\n  ")
				at = 2
			default:
				b.WriteByte(' ')
				at++
			}
			b.WriteString(word)
			at += len(word)
		}
		b.WriteString(line[len(strings.TrimRight(line, " \n")):]) // a question has no end of the line
	}
	if _, err := io.WriteString(f.w, b.String()); err != nil {
		return 0, fmt.Errorf("write to the terminal: %w", err)
	}
	return len(text), nil
}

// printPlan shows what init would write, with what it was found by.
func printPlan(w io.Writer, file, from string, draft *starter.Draft) {
	fmt.Fprintf(w, "\n%s:\n", file)
	for line := range strings.Lines(string(draft.Config)) {
		fmt.Fprintf(w, "  %s", line)
	}
	for _, other := range draft.Others {
		fmt.Fprintf(w, "and a devloop.yaml in %s\n", other.Dir)
	}
	fmt.Fprintf(w, "and %s, for editors; .gitignore gets what it lacks of %s\n", schemaCopy, strings.Join(draft.Ignore, ", "))
	printNotes(w, from, draft)
}

// printNotes says what people should know of what init writes.
func printNotes(w io.Writer, from string, draft *starter.Draft) {
	for _, l := range draft.Lost {
		at := from
		if at == "" {
			at = draft.From
		}
		if l.Line > 0 {
			at = fmt.Sprintf("%s:%d", at, l.Line)
		}
		fmt.Fprintf(w, "%s: %s has no counterpart: %s\n", at, l.What, l.Why)
	}
	for _, n := range draft.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
}

// printNext says what becomes of failing tests, and what to do now.
func printNext(w io.Writer, file string, cfg *schema.Config, trying bool) {
	const more = "; `devloop help tests`"
	for _, v := range cfg.Vars {
		if v.Name != "TESTS" {
			continue
		}
		switch v.Value {
		case "beside":
			fmt.Fprintln(w, "tests: run beside the server; one that fails is told, and takes nothing down"+more)
		case "gate":
			fmt.Fprintln(w, "tests: run before each restart; one that fails keeps the old server"+more)
		case "off":
			fmt.Fprintln(w, "tests: not run"+more)
		}
	}
	if trying {
		return
	}
	address := ""
	for _, s := range cfg.Sockets {
		if s.Listen.Web() {
			address = fmt.Sprintf(" and open %s://%s", s.Listen.Type, s.Listen.Addr())
			break
		}
	}
	fmt.Fprintf(w, "next: read %s, run `devloop check`, then `devloop`%s; or `devloop init --try`, which runs it once and says what it saw\n", file, address)
}

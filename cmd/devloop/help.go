package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"devloop/cmd/devloop/manual"
	"devloop/docs"
)

func helpCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [TOPIC…]",
		Short: "Explain a topic or a command; without one, list the topics",
		Long: `help prints a page of the documentation, or the section that is about a topic. Any
words will do: the best section that has them is printed, and the others are named.`,
		Example: "  devloop help tests\n  devloop help sockets\n  devloop help while_down page",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, t := range manual.Topics {
				names = append(names, t.Name)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, words []string) error {
			m, err := manual.Read(docs.Pages)
			if err != nil {
				return runError{err}
			}
			if len(words) == 0 {
				return listTopics(a.stdout, m, cmd.Root())
			}
			verb, rest, err := cmd.Root().Find(words)
			isVerb := err == nil && verb != cmd.Root() && len(rest) == 0
			section, ok := m.Named(strings.Join(words, " "))
			switch {
			case ok:
				printSection(a, m, section)
				if isVerb {
					fmt.Fprintf(a.stdout, "\n`devloop %s --help` lists its flags.\n", verb.Name())
				}
				return nil
			case isVerb:
				verb.InitDefaultHelpFlag()
				return verb.Help()
			}
			return searchTopics(a, m, words)
		},
	}
}

// listTopics lists the commands, and the topics below them.
func listTopics(w io.Writer, m *manual.Manual, root *cobra.Command) error {
	if err := root.Help(); err != nil {
		return err
	}
	fmt.Fprint(w, "\nTopics, for `devloop help TOPIC`; any other words are searched for:\n")
	t := table(w)
	for _, topic := range manual.Topics {
		fmt.Fprintf(t, "  %s\t%s\n", topic.Name, topic.About)
	}
	for _, page := range m.Rest() {
		fmt.Fprintf(t, "  %s\t%s\n", page.Name(), page.Heading)
	}
	return t.Flush()
}

func searchTopics(a *app, m *manual.Manual, words []string) error {
	const most = 8
	found := m.Search(words...)
	for i := 0; len(found) == 0 && i < len(words); i++ { // then some of them
		found = m.Search(words[i])
	}
	if len(found) == 0 {
		return advised{fmt.Errorf("the documentation has nothing about %q", strings.Join(words, " ")), "`devloop help` lists the topics"}
	}
	printSection(a, m, found[0])
	if len(found) == 1 {
		return nil
	}
	fmt.Fprintf(a.stdout, "\nAlso in:\n")
	t := table(a.stdout)
	for _, s := range found[1:min(len(found), most)] {
		fmt.Fprintf(t, "  devloop help %s\t%s\n", s.Name(), s.Heading)
	}
	if n := len(found) - most; n > 0 {
		fmt.Fprintf(t, "  and %d more\n", n)
	}
	return t.Flush()
}

// printSection prints a section; on a terminal its headings stand out.
func printSection(a *app, m *manual.Manual, s manual.Section) {
	text := m.Plain(s)
	if color, err := a.useColor(a.screen); err != nil || !color {
		fmt.Fprint(a.stdout, text)
		return
	}
	code := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		if strings.HasPrefix(line, "#") && !code {
			line = "\x1b[1m" + strings.TrimRight(line, "\n") + "\x1b[0m\n"
		}
		fmt.Fprint(a.screen, line)
	}
}

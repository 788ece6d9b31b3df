package main

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The page of commands names every command and every flag that there is.
func TestThePageOfCommandsIsWhole(t *testing.T) {
	text, err := os.ReadFile("../../docs/commands.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	whole, sections, _ := strings.Cut(page, "\n## devloop, up\n")
	root := newRoot(io.Discard, io.Discard)
	root.InitDefaultCompletionCmd()
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(whole, "`--"+f.Name) {
			t.Errorf("--%s is not among the flags of every command", f.Name)
		}
	})
	for _, cmd := range root.Commands() {
		if cmd.Hidden || cmd.Name() == "help" {
			continue
		}
		section := sectionOf(sections, cmd)
		if section == "" {
			t.Errorf("%s has no section", cmd.Name())
			continue
		}
		if !strings.Contains(section, "    devloop "+cmd.Name()) && !strings.Contains(section, "$ devloop "+cmd.Name()) && cmd.Name() != "up" {
			t.Errorf("the section of %s does not say how to call it", cmd.Name())
		}
		if cmd.Name() == "completion" { // its commands are cobra's own
			continue
		}
		for _, c := range append(cmd.Commands(), cmd) {
			c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
				if f.Name != "help" && !f.Hidden && !strings.Contains(section, "--"+f.Name) {
					t.Errorf("the section of %s does not name --%s", cmd.Name(), f.Name)
				}
			})
		}
	}
}

// sectionOf is the text below the heading that names a command; "" when there is none.
func sectionOf(page string, cmd *cobra.Command) string {
	for part := range strings.SplitSeq("devloop, up\n"+page, "\n## ") {
		heading, text, _ := strings.Cut(part, "\n")
		for name := range strings.FieldsFuncSeq(heading, func(c rune) bool { return c == ',' || c == ' ' }) {
			if name == cmd.Name() {
				return text
			}
		}
	}
	return ""
}

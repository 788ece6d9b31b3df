package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"devloop/cmd/devloop/manual"
	"devloop/docs"

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

// What devloop says leads to `devloop help`, which knows the topic, and never to a file
// of docs/, which is not in the user's project.
func TestHintsLeadToTopics(t *testing.T) {
	pages, err := manual.Read(docs.Pages)
	if err != nil {
		t.Fatal(err)
	}
	topic := regexp.MustCompile("`devloop help ([^`]+)`")
	for _, top := range []string{".", "../../orchestrator", "../../schema"} {
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, _ := strconv.Unquote(lit.Value)
				if strings.Contains(text, "docs/") && strings.Contains(text, ".md") {
					t.Errorf("%s: %q names a file that is not in the user's project", path, text)
				}
				for _, m := range topic.FindAllStringSubmatch(text, -1) {
					if _, ok := pages.Named(m[1]); !ok && m[1] != "TOPIC" {
						t.Errorf("%s: there is no topic %s", path, m[1])
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
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

package main

import (
	"io"

	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
)

func init() { cobra.EnableCommandSorting = false }

// newRoot is the command line. A verb is in the file of its name; trigger, restart, stop and start are in
// byhand.go.
func newRoot(stdout, stderr io.Writer) *cobra.Command {
	a := &app{screen: stdout, screenErr: stderr, stdout: console.VisibleWriter(stdout), stderr: console.VisibleWriter(stderr)}
	root := upCommand(a)
	root.Use = "devloop [NAME…]"
	root.Short = "Run the development loop of this project"
	root.Long = `devloop watches a project, runs its checks when files change, and restarts the
servers when the checks pass. It holds the listening sockets itself, so that no
connection is refused meanwhile. All of this is described in one file: devloop.yaml,
in this directory or a parent.`
	root.Example = `  devloop                  run the loop until Ctrl-C
  devloop server           only the node "server" and what it needs
  devloop run              every stage once, as in CI
  devloop check            what is wrong in devloop.yaml`
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{err, cmd.CommandPath()}
	})
	flags := root.PersistentFlags()
	flags.StringVarP(&a.file, "file", "f", "", "the configuration `FILE` (default: devloop.yaml here or in a parent)")
	flags.StringVar(&a.color, "color", "auto", "colours: auto, always or never")
	flags.BoolVar(&a.timestamps, "timestamps", false, "start every line with the time")
	flags.StringVar(&a.logFile, "log-file", "", "also write every line to `FILE`")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "also show the output of stages that pass")

	up := upCommand(a)
	up.Use = "up [NAME…]"
	up.Example = "  devloop up server"
	var byHand []*cobra.Command
	for _, h := range byHands {
		byHand = append(byHand, byHandCommand(a, h))
	}
	// In the order in which --help shows them, see init.
	for _, g := range []struct {
		id, title string
		verbs     []*cobra.Command
	}{
		{"run", "Run:", []*cobra.Command{up, runCommand(a), watchCommand(a), listenCommand(a)}},
		{"look", "Look at the running loop:", []*cobra.Command{viewCommand(a), openCommand(a), statusCommand(a), waitCommand(a), logsCommand(a), problemsCommand(a), eventsCommand(a)}},
		{"act", "Act on the running loop:", append(byHand, attachCommand(a), downCommand(a))},
		{"setup", "Set up and understand devloop.yaml:", []*cobra.Command{initCommand(a), checkCommand(a), explainCommand(a), graphCommand(a), configCommand(a), doctorCommand(a), reuseCommand(a), presetsCommand(a), schemaCommand(a), versionCommand(a)}},
		{"integrate", "Work with other tools:", []*cobra.Command{mcpCommand(a), adoptCommand(a), exportCommand(a)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.id
		}
		root.AddCommand(g.verbs...)
	}
	root.SetCompletionCommandGroupID("integrate")
	help := helpCommand(a)
	help.GroupID = "setup"
	root.SetHelpCommand(help)
	return root
}

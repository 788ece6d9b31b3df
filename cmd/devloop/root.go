package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"devloop/orchestrator/console"
	"devloop/orchestrator/control"
	"devloop/orchestrator/graph"
	"devloop/schema"
	"devloop/schema/preset"
)

// app is what every verb shares: the global flags and the streams.
type app struct {
	// What devloop says goes to stdout and stderr, whatever it quotes: see
	// [console.VisibleWriter]. screen and screenErr are the same as they are, for
	// who draws.
	stdout, stderr    io.Writer
	screen, screenErr io.Writer

	file       string
	color      string
	timestamps bool
	logFile    string
	verbose    bool
	detached   bool // this is the loop in the background
	attention  attention
}

func init() { cobra.EnableCommandSorting = false }

func newRoot(stdout, stderr io.Writer) *cobra.Command {
	a := &app{screen: stdout, screenErr: stderr, stdout: console.VisibleWriter(stdout), stderr: console.VisibleWriter(stderr)}
	root := a.upCommand()
	root.Use = "devloop [NAME…]"
	root.Short = "Run the development loop of this project"
	root.Long = `devloop watches a project, runs its stages when files change, and restarts the
servers behind them when the stages pass. It holds the listening sockets all
the while, so that no connection is refused. All of that is described in devloop.yaml,
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
	flags.BoolVar(&a.timestamps, "timestamps", false, "put the time before every line")
	flags.StringVar(&a.logFile, "log-file", "", "write every line to `FILE` as well")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "show the output of stages that pass, too")

	up := a.upCommand()
	up.Use = "up [NAME…]"
	up.Example = "  devloop up server"
	var byHand []*cobra.Command
	for _, h := range byHands {
		byHand = append(byHand, a.byHandCommand(h))
	}
	// In the order in which --help shows them, see init.
	for _, g := range []struct {
		id, title string
		verbs     []*cobra.Command
	}{
		{"run", "Run:", []*cobra.Command{up, a.runCommand(), a.watchCommand(), a.listenCommand()}},
		{"look", "Look at the running loop:", []*cobra.Command{a.statusCommand(), a.waitCommand(), a.logsCommand(), a.eventsCommand()}},
		{"act", "Act on the running loop:", append(byHand, a.attachCommand(), a.downCommand())},
		{"setup", "Set up, and understand, devloop.yaml:", []*cobra.Command{a.initCommand(), a.checkCommand(), a.explainCommand(), a.graphCommand(), a.configCommand(), a.doctorCommand(), a.presetsCommand(), a.schemaCommand(), a.versionCommand()}},
		{"integrate", "Work with other tools:", []*cobra.Command{a.mcpCommand(), a.adoptCommand(), a.exportCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, verb := range g.verbs {
			verb.GroupID = g.id
		}
		root.AddCommand(g.verbs...)
	}
	root.SetCompletionCommandGroupID("integrate")
	root.SetHelpCommandGroupID("setup")
	return root
}

// usageError is a mistake on the command line.
type usageError struct {
	error
	command string
}

func (e usageError) Hint() string { return fmt.Sprintf("see `%s --help`", e.command) }

// project is a loaded configuration and the graph that follows from it.
type project struct {
	cfg   *schema.Config
	graph *graph.Graph
	asked control.Variables // of the environment, while it was loaded
}

// loadError is why a project could not be loaded.
type loadError struct {
	error
	sources []string // a change of one of these files may set it right
}

func (e loadError) Unwrap() error { return e.error }

// find finds the configuration file.
func (a *app) find() (string, error) {
	if a.file != "" {
		return a.file, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the current directory: %w", err)
	}
	return schema.Find(dir)
}

// load finds and loads the configuration, and derives the graph.
func (a *app) load() (*project, error) {
	file, err := a.find()
	if err != nil {
		return nil, err
	}
	asked := control.Variables{}
	lookup := func(name string) (string, bool) {
		value, set := os.LookupEnv(name)
		asked.Add(name, value, set)
		return value, set
	}
	cfg, sources, err := schema.LoadSources(shorter(file), schema.Options{Presets: preset.FS(), LookupEnv: lookup})
	if err != nil {
		return nil, loadError{err, sources}
	}
	g, mistakes := graph.New(cfg)
	if len(mistakes) > 0 {
		return nil, loadError{schema.Quoted(mistakes), sources}
	}
	return &project{cfg: cfg, graph: g, asked: asked}, nil
}

// loadNamed is load, and finds the nodes named on the command line.
func (a *app) loadNamed(names []string) (p *project, nodes []int, err error) {
	if p, err = a.load(); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		n := p.graph.Index(name)
		if n < 0 {
			return nil, nil, unknownName{name, p.graph}
		}
		nodes = append(nodes, n)
	}
	return p, nodes, nil
}

// shorter writes a path relative to here where that is shorter, as people
// would type it.
func shorter(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(here, path); err == nil && len(rel) < len(path) {
		return rel
	}
	return path
}

// unknownName is a name on the command line that the configuration does not have.
type unknownName struct {
	name  string
	graph *graph.Graph
}

func (e unknownName) Error() string {
	return fmt.Sprintf("%q is neither a command of devloop nor a watcher or process of this project", e.name)
}

func (e unknownName) Hint() string {
	names := make([]string, len(e.graph.Nodes))
	for i, n := range e.graph.Nodes {
		names[i] = n.Name
	}
	return fmt.Sprintf("this project has %v; see `devloop --help` for the commands", names)
}

// nodeNames completes node names on the command line.
func (a *app) nodeNames(kind string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		p, err := a.load()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, n := range p.graph.Nodes {
			if (kind == "" || n.Kind() == kind) && !slices.Contains(args, n.Name) {
				names = append(names, n.Name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// differs warns when a loop runs for the project with other values of the
// variables that its configuration refers to: what is shown is then not what runs.
func (a *app) differs(p *project) {
	if len(p.asked) == 0 {
		return
	}
	client, err := control.Dial(p.cfg.File)
	if err != nil {
		return // none runs
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	d, err := client.Differing(ctx, p.asked)
	if err != nil || len(d.Names) == 0 {
		return // an older loop does not know the question
	}
	value := "another value"
	if len(d.Names) > 1 {
		value = "other values"
	}
	fmt.Fprintf(a.stderr, "devloop: warning: the running loop (pid %d) has %s of %s; this is what devloop.yaml comes to here\n", d.PID, value, strings.Join(d.Names, ", "))
}

package runner

import (
	"fmt"

	"devloop/orchestrator/console"
	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/procgroup"
	"devloop/orchestrator/shellcmd"
	"devloop/schema"
)

// program is a configured command as it is executed.
type program struct {
	argv     []string
	keepsPID bool     // the started process becomes, by exec, what the command names
	wrapper  string   // a tool that starts the program as a child, such as "npm run"
	sole     string   // the program, if its output comes to devloop directly
	assigned []string // NAME=value that the text sets for it
}

// builder turns a configured command into what is executed.
type builder struct {
	environ []string // what commands inherit
	self    string   // see Options
	color   bool     // see Options
	files   *scratch
}

// environment is that of a command, from the layers of its configuration.
func (b *builder) environment(project *schema.Project, layers ...schema.EnvLayer) (*environ, error) {
	return commandEnviron(b.environ, project, layers...)
}

// program turns a configured command into what is executed.
func (b *builder) program(c schema.Command, e *environ) (program, error) {
	if c.PresetDir != "" {
		e.set("PRESET_DIR", c.PresetDir)
	}
	if len(c.Argv) > 0 {
		argv, err := c.Fill(e.lookup)
		if err != nil {
			return program{}, err
		}
		wrapper := shellcmd.Wrapper(argv)
		return program{argv, wrapper == "", wrapper, argv[0], nil}, nil
	}
	shell := c.Shell()
	cmd, err := shellcmd.Resolve(c.Text, shell.Argv, shell.Default)
	if err != nil {
		return program{}, fmt.Errorf("read command %q: %w", c.Text, err)
	}
	e.setAll(cmd.Env)
	return program{cmd.Argv, cmd.KeepsPID && cmd.Wrapper == "", cmd.Wrapper, cmd.Sole, cmd.Env}, nil
}

// hintColor turns colours on, for a program whose output goes to a screen with colours.
func (b *builder) hintColor(p program, e *environ) {
	if !b.color {
		return
	}
	if name, value := console.ColorHint(p.sole, e.lookup); name != "" {
		e.set(name, value)
	}
}

// throughShim makes the command one that sets LISTEN_PID to its own pid and then becomes the program. check
// finds out whether the program exists, so that a clear error is possible; it may have to wait for a disk.
func (b *builder) throughShim(argv []string, dir string, e *environ) (wrapped []string, check func() error) {
	spec := procgroup.Spec{Argv: argv, Dir: dir, Env: e.list()}
	return shim.Wrap(b.self, argv), func() error { return procgroup.Check(spec) }
}

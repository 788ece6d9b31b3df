package reuse

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"

	"devloop/orchestrator/reapi"
)

// language is that of keys: another one makes every pass one that is not known.
const language = "devloop reuse 1"

// action is what a stage does, in the words of the Remote Execution API.
type action struct {
	key            reapi.Digest // of action
	command        *reapi.Command
	action         *reapi.Action
	encoded        []byte // action
	encodedCommand []byte
	directories    map[reapi.Digest][]byte
	tools          []byte
	unset          []string // variables that are not there
}

// arguments are what is run. An engine has no PATH but the one that a command brings: it gets that of the engine's shell.
func (s *Stage) arguments() []string {
	if !s.Remote || slices.ContainsFunc(s.Set, func(p reapi.Property) bool { return p.Name == "PATH" }) {
		return s.Argv
	}
	return append([]string{"/bin/sh", "-c", `export PATH; exec "$@"`, "sh"}, s.Argv...)
}

func newAction(s *Stage, files *taken, tools []byte) *action {
	platform := s.Platform
	if !s.Remote {
		platform = []reapi.Property{{Name: "arch", Value: runtime.GOARCH}, {Name: "os", Value: runtime.GOOS}}
	}
	command := &reapi.Command{Arguments: s.arguments(), Environment: slices.Clone(s.Set), WorkingDirectory: relative(s.Root, s.Dir), Platform: platform}
	for _, out := range s.Config.Outputs {
		command.OutputPaths = append(command.OutputPaths, relative(s.Dir, out.Abs))
	}
	var unset []string
	for _, name := range s.Config.Env {
		if slices.ContainsFunc(command.Environment, func(p reapi.Property) bool { return p.Name == name }) {
			continue
		}
		if value, ok := lookup(s.Environ, name); ok {
			command.Environment = append(command.Environment, reapi.Property{Name: name, Value: value})
		} else {
			unset = append(unset, name)
		}
	}
	unset = append(unset, s.Unset...)
	a := &action{command: command, directories: files.directories, tools: tools, unset: unset, encodedCommand: command.Encode()}
	salt := sha256.New()
	fmt.Fprintf(salt, "%s\x00%s\x00%q\x00", language, s.Text, unset)
	salt.Write(tools)
	a.action = &reapi.Action{Command: reapi.DigestOf(a.encodedCommand), InputRoot: files.root, Salt: append([]byte(language+"\x00"), salt.Sum(nil)...), Platform: platform}
	a.encoded = a.action.Encode()
	a.key = reapi.DigestOf(a.encoded)
	return a
}

package reapi

import (
	"cmp"
	"slices"
	"time"

	"devloop/orchestrator/reapi/wire"
)

// An Action is a command with all that its result depends on. Its digest is the key of the result.
type Action struct {
	Command, InputRoot Digest
	Timeout            time.Duration
	DoNotCache         bool
	Salt               []byte
	Platform           []Property
}

// A Property is a name with a value: of a platform, or of the environment.
type Property struct{ Name, Value string }

// A Command is what is run.
type Command struct {
	Arguments   []string
	Environment []Property
	OutputPaths []string // relative to the working directory, with slashes; files or directories
	// WorkingDirectory is relative to the root of the inputs, with slashes; "" is the root itself.
	WorkingDirectory string
	Platform         []Property // for engines that do not know the action's
}

// Encode gives the canonical bytes: properties are sorted.
func (a *Action) Encode() []byte {
	b := appendDigest(nil, 1, a.Command)
	b = appendDigest(b, 2, a.InputRoot)
	b = wire.AppendDuration(b, 6, a.Timeout)
	b = wire.AppendBool(b, 7, a.DoNotCache)
	b = wire.AppendBytes(b, 9, a.Salt)
	return appendPlatform(b, 10, a.Platform)
}

// Encode gives the canonical bytes: variables, output paths and properties are sorted.
func (c *Command) Encode() []byte {
	b := wire.AppendStrings(nil, 1, c.Arguments)
	b = appendProperties(b, 2, c.Environment)
	b = appendPlatform(b, 5, c.Platform)
	b = wire.AppendString(b, 6, c.WorkingDirectory)
	return wire.AppendStrings(b, 7, slices.Sorted(slices.Values(c.OutputPaths)))
}

func appendPlatform(b []byte, num int, all []Property) []byte {
	if len(all) == 0 {
		return b
	}
	return wire.AppendMessage(b, num, appendProperties(nil, 1, all))
}

func appendProperties(b []byte, num int, all []Property) []byte {
	all = slices.SortedFunc(slices.Values(all), func(a, b Property) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	for _, p := range all {
		b = wire.AppendMessage(b, num, wire.AppendString(wire.AppendString(nil, 1, p.Name), 2, p.Value))
	}
	return b
}

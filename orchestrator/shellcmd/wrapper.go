package shellcmd

import (
	"path"
	"slices"
	"strings"
)

// Wrapper names the program among the first words of argv that runs what
// follows as a child process of its own, so that the pid which argv gets is
// not that of the program meant: "go run", "npm run", "timeout". It looks
// through the ones that exec (env, nice, nohup, stdbuf, …) at what they run.
// Empty: none that is known. A script may do the same, and nobody can tell.
func Wrapper(argv []string) string {
	for len(argv) > 0 {
		name := programName(argv[0])
		if e, ok := transparent[name]; ok {
			argv = e.rest(argv[1:])
			continue
		}
		if w, ok := wrappers[name]; ok {
			return w(name, argv[1:])
		}
		return ""
	}
	return ""
}

// programName is the name of a program without its place, and without what
// Windows appends.
func programName(arg string) string {
	name := path.Base(strings.ReplaceAll(arg, `\`, "/"))
	for _, suffix := range []string{".exe", ".cmd", ".bat"} {
		name = strings.TrimSuffix(name, suffix)
	}
	return name
}

// options says how a program's own options are told from what follows them.
type options struct {
	valued []string // options whose value is the next word
	assign bool     // NAME=value words belong to the program
	words  int      // how many words of its own follow the options
}

// rest is what follows a program's own options and words.
func (o options) rest(args []string) []string {
	for len(args) > 0 {
		arg := args[0]
		switch {
		case arg == "--":
			args = args[1:]
			for o.assign && len(args) > 0 && strings.Contains(args[0], "=") {
				args = args[1:]
			}
			return args[min(o.words, len(args)):]
		case slices.Contains(o.valued, arg):
			args = args[min(2, len(args)):]
		case strings.HasPrefix(arg, "-"), o.assign && strings.Contains(arg, "="):
			args = args[1:]
		default:
			return args[min(o.words, len(args)):]
		}
	}
	return nil
}

// transparent are the programs that end in an exec of what they are given.
var transparent = map[string]options{
	"env":    {valued: []string{"-u", "--unset", "-C", "--chdir"}, assign: true},
	"nice":   {valued: []string{"-n", "--adjustment"}},
	"nohup":  {},
	"stdbuf": {valued: []string{"-i", "-o", "-e", "--input", "--output", "--error"}},
	"setsid": {},
}

// A rule names the wrapper that a program with these arguments is, or "".
type rule func(name string, args []string) string

var wrappers = map[string]rule{
	"go":      goCommand,
	"npm":     sub(options{}, "run", "run-script", "start", "test", "exec", "x"),
	"npx":     always,
	"yarn":    always,
	"pnpm":    always,
	"make":    always,
	"timeout": always,
	"xargs":   always,
	"script":  always,
	"watch":   always,
	"sudo":    always,
	"docker":  sub(options{}, "run", "exec", "compose"),
	"uv":      sub(options{}, "run"),
}

func always(name string, _ []string) string { return name }

// sub is for programs of which some subcommands run a child.
func sub(o options, names ...string) rule {
	return func(name string, args []string) string {
		if args = o.rest(args); len(args) > 0 && slices.Contains(names, args[0]) {
			return name + " " + args[0]
		}
		return ""
	}
}

// goCommand: "go run" waits for what it built, unless -exec names a program
// that is told to run it, and that the caller wrote for this.
func goCommand(_ string, args []string) string {
	args = options{valued: []string{"-C"}}.rest(args)
	if len(args) == 0 || args[0] != "run" {
		return ""
	}
	for _, arg := range args[1:] {
		if arg == "-exec" || strings.HasPrefix(arg, "-exec=") {
			return ""
		}
	}
	return "go run"
}

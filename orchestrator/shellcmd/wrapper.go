package shellcmd

import (
	"path"
	"slices"
	"strings"
)

// Wrapper names the program among the first words of argv that runs what
// follows as a child process of its own, so that the pid which argv gets is
// not that of the program meant: "go run", "npm run", "timeout", "sh -c". It
// looks through those that end in an exec (env, nice, nohup, stdbuf, …) at
// what they run. Empty: none that is known; a script may do the same, and
// nobody can tell.
func Wrapper(argv []string) string {
	for len(argv) > 0 {
		name := programName(argv[0])
		if o, ok := transparent[name]; ok {
			argv = o.rest(argv[1:])
			continue
		}
		if w, ok := wrappers[name]; ok {
			return w(name, argv[1:])
		}
		if sh, ok := shellText(argv); ok {
			_, wrapper := sh.execs()
			return wrapper
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

// options says how a program's own words are told from what follows them.
type options struct {
	sub    string   // the subcommand that runs something; others run nothing
	valued []string // options whose value is the next word
	assign bool     // NAME=value words belong to the program
	words  int      // how many words of its own follow the options
}

// rest is what follows a program's own words; nil if that is nothing.
func (o options) rest(args []string) []string {
	if o.sub != "" {
		if len(args) == 0 || args[0] != o.sub {
			return nil
		}
		args = args[1:]
	}
	ended := false // by "--", behind which env still takes assignments
	for len(args) > 0 {
		arg := args[0]
		switch {
		case o.assign && !strings.HasPrefix(arg, "-") && strings.Contains(arg, "="):
			args = args[1:]
		case ended || !strings.HasPrefix(arg, "-"):
			return args[min(o.words, len(args)):]
		case arg == "--":
			ended, args = true, args[1:]
		case slices.Contains(o.valued, arg):
			args = args[min(2, len(args)):]
		default:
			args = args[1:]
		}
	}
	return nil
}

// transparent are the programs that become, by exec, what they are given.
//
// Not among them is setsid: its caller must not lead a process group, and
// since what devloop starts does, setsid forks, and ends at once.
var transparent = map[string]options{
	"env":     {valued: []string{"-u", "--unset", "-C", "--chdir"}, assign: true},
	"nice":    {valued: []string{"-n", "--adjustment"}},
	"nohup":   {},
	"stdbuf":  {valued: []string{"-i", "-o", "-e", "--input", "--output", "--error"}},
	"ionice":  {valued: []string{"-c", "-n", "--class", "--classdata"}},
	"choom":   {valued: []string{"-n", "--adjust"}},
	"prlimit": {},
	"chrt":    {words: 1, valued: []string{"-T", "-P", "-D"}},
	"taskset": {words: 1},
	"chroot":  {words: 1},
	"direnv":  {sub: "exec", words: 1},
	"pyenv":   {sub: "exec"},
	"rbenv":   {sub: "exec"},
	"bundle":  {sub: "exec"}, // loads a Ruby program, or execs any other
	"poetry":  {sub: "run"},
	"pipenv":  {sub: "run"},
}

// A rule names the wrapper that a program with these arguments is, or "".
type rule func(name string, args []string) string

// wrappers are the programs that may wait for a child. "cargo run" is none: on
// Unix it execs what it has built.
var wrappers = map[string]rule{
	// Node.js, whose children get no descriptors beyond 2 either.
	"npm": sub(options{valued: []string{"-C", "--prefix", "-w", "--workspace", "--loglevel"}},
		"run", "run-script", "rum", "urn", "start", "stop", "restart", "test", "tst", "t", "exec", "x"),
	"npx":             always,
	"yarn":            always,
	"yarnpkg":         always,
	"pnpm":            always,
	"pnpx":            always,
	"bunx":            always,
	"bun":             bunScript,
	"deno":            sub(options{}, "task"),
	"node":            nodeItself,
	"nodemon":         always,
	"tsx":             always,
	"ts-node-dev":     always,
	"concurrently":    always,
	"cross-env":       always,
	"cross-env-shell": always,

	"go":     sub(options{valued: []string{"-C"}}, "run", "tool"),
	"uv":     sub(options{valued: []string{"--project", "--directory", "--config-file", "--cache-dir"}}, "run", "tool"),
	"uvx":    always,
	"pdm":    sub(options{valued: []string{"-p", "--project", "-c", "--config"}}, "run"),
	"conda":  sub(options{}, "run"),
	"dotnet": sub(options{}, "run", "watch", "test"),
	"cargo":  sub(options{}, "watch"),

	"make":    always,
	"gmake":   always,
	"just":    always,
	"task":    always,
	"mage":    always,
	"gradle":  always,
	"gradlew": always,

	"timeout":  always,
	"gtimeout": always,
	"time":     always,
	"xargs":    always,
	"script":   always,
	"watch":    always,
	"entr":     always,
	"setsid":   always,
	"strace":   always,
	"flock":    unlessHas("-F", "--no-fork"),
	"unshare":  ifHas("-f", "--fork"),

	// It execs only where neither PAM nor a terminal nor a log wants it to
	// wait, and closes all descriptors from 3 on.
	"sudo":    always,
	"su":      always,
	"runuser": always,

	// What serves is in a container, and no process of this machine's user.
	"docker":         sub(options{valued: []string{"-c", "--context", "-H", "--host", "-l", "--log-level", "--config"}}, "run", "exec", "start", "compose"),
	"podman":         sub(options{}, "run", "exec", "start", "compose"),
	"docker-compose": always,

	"watchexec": always,
	"reflex":    always,
	"foreman":   always,
	"honcho":    always,
	"hivemind":  always,
	"overmind":  always,
	"dumb-init": always,
	"tini":      always,
	"unbuffer":  always,
	"xvfb-run":  always,
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

// ifHas is for programs that run a child if told so before what they run.
func ifHas(flags ...string) rule {
	return func(name string, args []string) string {
		if flag := firstFlag(args, flags); flag != "" {
			return name + " " + flag
		}
		return ""
	}
}

// unlessHas is for programs that run a child if not told otherwise.
func unlessHas(flags ...string) rule {
	return func(name string, args []string) string {
		if firstFlag(args, flags) != "" {
			return ""
		}
		return name
	}
}

// firstFlag finds one of flags among the options that args begin with.
func firstFlag(args, flags []string) string {
	for _, arg := range args {
		if !strings.HasPrefix(arg, "-") || arg == "--" {
			break
		}
		if slices.Contains(flags, arg) {
			return arg
		}
	}
	return ""
}

// nodeItself: node is what serves, unless it watches over itself.
func nodeItself(name string, args []string) string {
	for _, arg := range args {
		switch {
		case !strings.HasPrefix(arg, "-"), arg == "--":
			return ""
		case arg == "--watch", strings.HasPrefix(arg, "--watch-path"):
			return name + " --watch"
		case arg == "--run", strings.HasPrefix(arg, "--run="):
			return name + " --run"
		}
	}
	return ""
}

// bunScript: bun runs a file itself, and a script of package.json as a child.
func bunScript(name string, args []string) string {
	args = options{}.rest(args)
	switch {
	case len(args) == 0:
		return ""
	case args[0] == "x":
		return name + " x"
	case args[0] == "run":
		if args = (options{}).rest(args[1:]); len(args) > 0 && !strings.ContainsAny(args[0], "./") {
			return name + " run"
		}
	}
	return ""
}

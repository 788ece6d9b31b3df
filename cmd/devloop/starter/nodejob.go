package starter

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

// nodeRun is how a file is run by Node or something on top of it.
type nodeRun struct {
	file    string
	flags   []string // Node's
	args    []string // the file's own
	loader  string   // the package that loads TypeScript; "" for none
	program string   // what runs the file, if it is not Node with a loader
	inspect bool     // it opens the debugger's port
}

// nodeRun reads a job as a file that Node runs; nil if it is none. It adds to the job what the
// command watches, and what of it was not understood.
func (j *job) nodeRun(p npmProject) *nodeRun {
	if len(j.args) == 0 {
		return nil
	}
	name := path.Base(j.args[0])
	args := j.args[1:]
	r := &nodeRun{}
	switch name {
	case "node", "nodejs":
	case "tsx", "esno", "esmo":
		r.loader = "tsx"
		if len(args) > 0 && args[0] == "watch" {
			args = args[1:]
		}
	case "ts-node", "ts-node-esm", "ts-node-dev", "tsnd", "ts-node-script", "ts-node-transpile-only":
		r.loader = "ts-node"
		if name == "ts-node-esm" {
			r.loader = "ts-node/esm"
		}
	case "node-dev", "supervisor":
	case "babel-node", "vite-node", "swc-node":
		r.program = name
	case "fastify":
		return j.fastify(p)
	default:
		if found := p.script(path.Clean(j.args[0])); found != "" && strings.Contains(j.args[0], "/") { // bin/www
			r.file, r.args = found, args
			return r
		}
		return nil
	}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		if args[0] == "--" {
			args = args[1:]
			break
		}
		n := r.flag(j, name, args)
		if n == 0 {
			return nil // `node -e …`
		}
		args = args[n:]
	}
	if len(args) == 0 {
		return nil
	}
	r.args = args[1:]
	r.file = p.script(args[0])
	if r.file == "" {
		r.file = path.Clean(args[0]) // what a build writes, or what is not there yet
	}
	return r
}

// fastify reads a command of fastify-cli's, which runs a plugin.
func (j *job) fastify(_ npmProject) *nodeRun {
	if len(j.args) < 3 || j.args[1] != "start" {
		return nil
	}
	r := &nodeRun{program: "fastify", flags: []string{"start", "--address", "127.0.0.1", "--port", "$PORT"}}
	for i := 2; i < len(j.args); i++ {
		flag, _, joined := strings.Cut(j.args[i], "=")
		switch {
		case flag == "-w" || flag == "--watch" || flag == "--verbose-watch":
		case slices.Contains([]string{"-p", "--port", "-a", "--address", "--ignore-watch"}, flag):
			if !joined {
				i++
			}
		case slices.Contains([]string{"-l", "--log-level", "-x", "--prefix", "-T", "--plugin-timeout", "--body-limit", "-r", "--require", "--import", "-c", "--config"}, flag) && !joined && i+1 < len(j.args):
			r.flags = append(r.flags, j.args[i], j.args[i+1])
			i++
		case strings.HasPrefix(flag, "-"):
			r.flags = append(r.flags, j.args[i])
		default:
			r.file, r.args = path.Clean(j.args[i]), j.args[i+1:]
			return r
		}
	}
	return nil
}

// Flags whose value is the next word, of Node and of what runs on top of it.
var (
	nodeValued = []string{"-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file", "--env-file-if-exists", "--watch-path", "--max-old-space-size", "--title", "--icu-data-dir", "--tls-cipher-list", "--openssl-config", "--disable-warning"}
	ownWatch   = []string{"--watch", "-w", "--watch-preserve-output", "--respawn", "--rs", "--exit-child", "--clear", "--cls", "--clear-screen", "--notify", "--quiet", "-q", "--poll", "--log-error", "--prefer-ts", "--no-notify", "--tree-kill", "--expose_gc_watch"}
	ownValued  = []string{"--debounce", "--interval", "--dedupe", "--graceful_ipc"}
)

// flag reads one flag, and tells how many words it is; 0 for a program given as text.
func (r *nodeRun) flag(j *job, program string, args []string) int {
	name, value, joined := strings.Cut(args[0], "=")
	n := 1
	next := func() string {
		if !joined && len(args) > 1 {
			n, value = 2, args[1]
		}
		return value
	}
	tsNode := strings.HasPrefix(r.loader, "ts-node")
	switch {
	case slices.Contains([]string{"-e", "--eval", "-p", "--print", "--test", "--check", "-c"}, name) && !tsNode:
		return 0
	case name == "--watch-path":
		j.watch.paths = append(j.watch.paths, next())
	case name == "--include" && r.loader == "tsx":
		j.watch.paths = append(j.watch.paths, next())
	case (name == "--exclude" || name == "--ignore") && r.loader == "tsx", name == "--ignore-watch", name == "--watch-ignore":
		j.watch.ignore = append(j.watch.ignore, next())
	case name == "--env-file" || name == "--env-file-if-exists":
		j.files = append(j.files, next())
	case slices.Contains(ownWatch, name):
	case slices.Contains(ownValued, name):
		if program == "ts-node-dev" || program == "tsnd" {
			next()
		}
	case strings.HasPrefix(name, "--inspect"):
		r.inspect = true
		r.flags = append(r.flags, args[0])
	case tsNode && slices.Contains([]string{"-T", "--transpile-only", "--transpileOnly"}, name):
		j.env = append(j.env, "TS_NODE_TRANSPILE_ONLY=true")
	case tsNode && (name == "--files" || name == "--pretty"):
		j.env = append(j.env, "TS_NODE_"+strings.ToUpper(name[2:])+"=true")
	case tsNode && slices.Contains([]string{"-P", "--project"}, name):
		j.env = append(j.env, "TS_NODE_PROJECT="+next())
	case tsNode && slices.Contains([]string{"-O", "--compilerOptions", "--compiler-options"}, name):
		j.env = append(j.env, "TS_NODE_COMPILER_OPTIONS="+next())
	case tsNode && name == "--esm":
		r.loader = "ts-node/esm"
	case tsNode && slices.Contains([]string{"--swc"}, name):
		j.env = append(j.env, "TS_NODE_SWC=true")
	case r.loader == "tsx" && name == "--tsconfig":
		j.env = append(j.env, "TSX_TSCONFIG_PATH="+next())
	case slices.Contains(nodeValued, name) && !joined:
		r.flags = append(r.flags, name, next())
	default:
		r.flags = append(r.flags, args[0])
	}
	return n
}

// command is the run of a process; file is how it names the file, such as `$MAIN`.
func (r *nodeRun) command(p npmProject, file string) string {
	words := []string{p.node()}
	if r.program != "" {
		words = []string{"exec " + p.binary(r.program)}
	}
	switch r.loader {
	case "tsx":
		words = append(words, "--import tsx")
	case "ts-node":
		words = append(words, "--require ts-node/register")
	case "ts-node/esm":
		words = append(words, "--loader ts-node/esm")
	case "strip":
		words = append(words, "--experimental-strip-types")
	}
	for _, f := range r.flags {
		words = append(words, quotedWord(f))
	}
	words = append(words, file)
	for _, a := range r.args {
		words = append(words, quotedWord(a))
	}
	return strings.Join(words, " ")
}

// portOf takes the port out of a command's own arguments and variables, and puts $PORT there.
func (j *job) portOf(args []string) string {
	port := ""
	for i, a := range args {
		flag, value, joined := strings.Cut(a, "=")
		if flag != "--port" && flag != "-p" && flag != "-P" {
			continue
		}
		if joined && isPort(value) {
			port, args[i] = value, flag+"=$PORT"
		} else if !joined && i+1 < len(args) && isPort(args[i+1]) {
			port, args[i+1] = args[i+1], "$PORT"
		}
	}
	for i := 0; i < len(j.env); i++ {
		if value, ok := strings.CutPrefix(j.env[i], "PORT="); ok {
			if isPort(value) {
				port = value
			}
			j.env = slices.Delete(slices.Clone(j.env), i, i+1)
			i--
		}
	}
	return port
}

var portNumber = lazyregexp.New(`^[1-9]\d{1,4}$`)

func isPort(s string) bool { return portNumber.MatchString(s) }

// nodemon reads a command of nodemon's, with its configuration.
func (s scripts) nodemon(args []string, so job, depth int) []job {
	var c nodemonConfig
	name, from := "nodemon.json", "nodemon.json"
	for i, a := range args {
		if a == "--config" && i+1 < len(args) {
			name, from = path.Clean(args[i+1]), args[i+1]
		}
	}
	if text, err := s.p.read(name); err == nil && text != "" {
		if json.Unmarshal([]byte(withoutJSONComments(text)), &c) != nil {
			so.lost = append(so.lost, from+", which is no JSON")
		}
		so.from += " and " + from
	} else if s.m.NodemonConfig != nil {
		c = *s.m.NodemonConfig
		so.from += " and its nodemonConfig"
	}
	so.watch.paths = append(so.watch.paths, texts(c.Watch)...)
	so.watch.ignore = append(so.watch.ignore, texts(c.Ignore)...)
	so.watch.signal = c.Signal
	ext, exec := c.Ext, c.Exec
	for _, name := range slices.Sorted(maps.Keys(c.Env)) {
		so.env = append(so.env, fmt.Sprintf("%s=%v", name, c.Env[name]))
	}
	for event, command := range c.Events {
		so.lost = append(so.lost, fmt.Sprintf("`events.%s` of %s: `%s`", event, from, command))
	}
	var rest []string
	watched := false
	for i := 0; i < len(args); i++ {
		flag, value, joined := strings.Cut(args[i], "=")
		if !strings.HasPrefix(flag, "-") {
			rest = append(rest, args[i:]...)
			break
		}
		take := func() string {
			if !joined && i+1 < len(args) {
				i++
				value = args[i]
			}
			return value
		}
		switch flag {
		case "--watch", "-w":
			if !watched {
				so.watch.paths, watched = nil, true
			}
			so.watch.paths = append(so.watch.paths, take())
		case "--ext", "-e":
			ext = take()
		case "--ignore", "-i":
			so.watch.ignore = append(so.watch.ignore, take())
		case "--exec", "-x":
			exec = take()
		case "--signal", "-s":
			so.watch.signal = take()
		case "--delay", "-d", "--config", "--cwd":
			take()
		case "-q", "--quiet", "-V", "--verbose", "-L", "--legacy-watch", "--no-colors", "-C", "--on-change-only", "-I", "--no-stdin", "--spawn", "--exitcrash", "--dump", "--no-update-notifier", "-t":
		default:
			rest = append(rest, args[i]) // Node's own, such as --inspect
		}
	}
	so.watch.exts = strings.FieldsFunc(ext, func(r rune) bool { return r == ',' || r == ' ' || r == '.' || r == '*' })
	if len(rest) == 0 || strings.HasPrefix(rest[len(rest)-1], "-") {
		switch {
		case c.Script != "":
			rest = append(rest, c.Script)
		case exec == "" && s.m.Main != "":
			rest = append(rest, s.m.Main)
		}
	}
	if exec == "" {
		exec = "node"
		for _, word := range rest {
			if mapped := c.ExecMap[strings.TrimPrefix(path.Ext(word), ".")]; mapped != "" {
				exec = mapped
			} else if path.Ext(word) == ".ts" {
				exec = "ts-node"
			}
		}
	}
	for _, word := range rest {
		exec += " " + quotedWord(word)
	}
	return s.text(exec, so, depth+1)
}

package starter

import (
	"maps"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"devloop/schema/lazyregexp"
)

// call is one command of a script: a program and its arguments.
type call struct {
	env  []string // NAME=value
	dir  string   // where it runs, relative to the package; "" is the package
	args []string
	pipe bool // its output goes to another program
}

// chains takes a script apart: what runs side by side (`a & b`), and in each what runs one after
// the other (`a && b`). It is nil for a text that is no such list.
func chains(script string) [][]call {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil
	}
	r := scriptReader{}
	if !r.list(file.Stmts) {
		return nil
	}
	r.end()
	return r.all
}

type scriptReader struct {
	all [][]call
	now []call
	dir string
}

func (r *scriptReader) end() {
	if len(r.now) > 0 {
		r.all, r.now = append(r.all, r.now), nil
	}
}

func (r *scriptReader) list(stmts []*syntax.Stmt) bool {
	for _, s := range stmts {
		if !r.command(s.Cmd) {
			return false
		}
		if s.Background {
			r.end()
		}
	}
	return true
}

func (r *scriptReader) command(c syntax.Command) bool {
	switch c := c.(type) {
	case *syntax.CallExpr:
		var one call
		for _, a := range c.Assigns {
			value := ""
			if a.Value != nil {
				value = wordText(a.Value)
			}
			one.env = append(one.env, a.Name.Value+"="+value)
		}
		for _, w := range c.Args {
			one.args = append(one.args, wordText(w))
		}
		if len(one.args) == 2 && one.args[0] == "cd" {
			r.dir = path.Join(r.dir, one.args[1])
			return true
		}
		one.dir = r.dir
		if len(one.args) > 0 {
			r.now = append(r.now, one)
		}
		return true
	case *syntax.BinaryCmd:
		if c.Op == syntax.OrStmt {
			return false
		}
		if !r.command(c.X.Cmd) {
			return false
		}
		if c.Op == syntax.AndStmt {
			return r.command(c.Y.Cmd)
		}
		if len(r.now) > 0 {
			r.now[len(r.now)-1].pipe = true
		}
		return true
	case *syntax.Subshell:
		dir := r.dir
		ok := r.list(c.Stmts)
		r.dir = dir
		return ok
	case *syntax.Block:
		return r.list(c.Stmts)
	}
	return false
}

// wordText is a word without its quotes; what the shell would fill in stays as it is written.
func wordText(w *syntax.Word) string {
	var b strings.Builder
	var add func(parts []syntax.WordPart)
	add = func(parts []syntax.WordPart) {
		for _, part := range parts {
			switch part := part.(type) {
			case *syntax.Lit:
				b.WriteString(strings.ReplaceAll(part.Value, `\`, ""))
			case *syntax.SglQuoted:
				b.WriteString(part.Value)
			case *syntax.DblQuoted:
				add(part.Parts)
			default:
				_ = syntax.NewPrinter().Print(&b, part) // to memory: it cannot fail
			}
		}
	}
	add(w.Parts)
	return b.String()
}

// job is a command that a script keeps running.
type job struct {
	name   string // concurrently's, or the script's; it may be ""
	from   string // the script, such as `package.json, script dev`
	text   string // the command as it is written
	dir    string // where it runs, relative to the package; "" is the package
	script string // the script of the package in dir that is all of it; "" for a command
	env    []string
	files  []string // of NAME=value lines, which a wrapper reads
	once   []string // commands that run to their end before it is started for the first time
	before []string // commands that run to their end before each start
	args   []string // the program and its arguments, without what wraps it
	more   []string // arguments that a script hands on to the next one
	watch  watching
	lost   []string // what was not understood
}

// watching is what a script's own watcher follows.
type watching struct {
	paths, ignore, exts []string
	signal              string
}

const maxDepthOfScripts = 6 // a script that runs itself

// scripts are those of a package, with what is needed to read them.
type scripts struct {
	p npmProject
	m *manifest
}

// jobs are what a script keeps running. A script that is not there has none.
func (s scripts) jobs(name string) []job {
	return s.script(name, job{from: "package.json, script " + name}, 0)
}

// script adds to what is known so far what one script runs.
func (s scripts) script(name string, so job, depth int) []job {
	text := s.m.Scripts[name]
	if text == "" || depth > maxDepthOfScripts {
		return nil
	}
	so.text = text
	for _, a := range so.more {
		text += " " + quotedWord(a)
	}
	so.more = nil
	if pre := s.m.Scripts["pre"+name]; pre != "" {
		so.runsBefore("$NPM run pre"+name, pre)
	}
	return s.text(text, so, depth)
}

func (s scripts) text(text string, so job, depth int) []job {
	all := chains(text)
	if all == nil {
		so.text, so.args = text, nil
		return []job{so}
	}
	var jobs []job
	for _, chain := range all {
		one := so
		one.before, one.once, one.env = slices.Clone(so.before), slices.Clone(so.once), slices.Clone(so.env)
		for i, c := range chain {
			if i < len(chain)-1 {
				one.runsBefore(shellText(c), s.content(c.args))
				continue
			}
			one.text = strings.Join(c.args, " ")
			if c.pipe {
				one.lost = append(slices.Clone(one.lost), "the pipe behind `"+one.text+"`")
			}
			one.dir = path.Join(so.dir, c.dir)
			if one.dir == "." {
				one.dir = ""
			}
			one.env = append(one.env, c.env...)
			jobs = append(jobs, s.call(c.args, one, depth)...)
		}
	}
	return jobs
}

// content is the text of the script that a command runs, or the command itself.
func (s scripts) content(args []string) string {
	if name, dir, ok := s.runsScript(args); ok && dir == "" && s.m.Scripts[name] != "" {
		return s.m.Scripts[name]
	}
	return strings.Join(args, " ")
}

var compiles = lazyregexp.New(`\b(?:tsc|swc|babel|esbuild|tsup|rollup|webpack|build|compile|clean|rimraf|rm|copyfiles|tspc|tsc-alias)\b`)

// runsBefore adds a command that runs before the job: each time if it compiles, and else once.
func (j *job) runsBefore(command, content string) {
	if compiles.MatchString(content) {
		j.before = append(slices.Clone(j.before), command)
		return
	}
	j.once = append(slices.Clone(j.once), command)
}

// call is what one command runs.
func (s scripts) call(args []string, so job, depth int) []job {
	args = s.unwrapped(args, &so)
	if len(args) == 0 {
		return nil
	}
	if name, dir, ok := s.runsScript(args); ok {
		so.more = append(moreArguments(args, name), so.more...)
		if so.dir = path.Join(so.dir, dir); so.dir != "" && so.dir != "." { // another package's
			so.script = name
			return []job{so}
		}
		so.dir = ""
		names := s.named(name)
		if len(names) == 0 {
			so.args = args
			return []job{so}
		}
		var jobs []job
		for _, name := range names {
			one := so
			one.name = name
			jobs = append(jobs, s.script(name, one, depth+1)...)
		}
		return jobs
	}
	switch path.Base(args[0]) {
	case "concurrently", "conc":
		return s.concurrently(args[1:], so, depth)
	case "npm-run-all", "npm-run-all2", "run-p", "run-s":
		return s.runAll(args, so, depth)
	case "nodemon":
		return s.nodemon(args[1:], so, depth)
	case "tsup", "tsc-watch":
		if i := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "--onSuccess") }); i > 0 {
			return s.onSuccess(args, i, so, depth)
		}
	}
	so.args = args
	return []job{so}
}

// unwrapped takes off what only sets variables or finds the program.
func (s scripts) unwrapped(args []string, so *job) []string {
	for len(args) > 0 {
		switch path.Base(args[0]) {
		case "exec", "npx", "bunx", "--", "cross-env-shell", "cross-env", "env", "env-cmd", "dotenv", "dotenvx":
		case "pnpm", "yarn", "npm":
			if len(args) > 1 && (args[1] == "exec" || args[1] == "dlx") {
				args = args[1:]
				break
			}
			if args[0] == "yarn" && len(args) > 1 && s.m.Scripts[args[1]] == "" && slices.Contains(knownPrograms, args[1]) {
				break
			}
			return args
		default:
			return args
		}
		wrapper := path.Base(args[0])
		args = args[1:]
		for len(args) > 0 {
			if name, _, ok := strings.Cut(args[0], "="); ok && isName(name) {
				so.env = append(so.env, args[0])
				args = args[1:]
				continue
			}
			if (args[0] == "-e" || args[0] == "-f") && len(args) > 1 && wrapper != "env" {
				so.files = append(so.files, args[1])
				args = args[2:]
				continue
			}
			if args[0] == "run" && wrapper == "dotenvx" || args[0] == "--" || args[0] == "-y" || args[0] == "--no-install" || args[0] == "-c" && wrapper != "env" {
				args = args[1:]
				continue
			}
			break
		}
		if (wrapper == "dotenv" || wrapper == "dotenvx") && len(so.files) == 0 {
			so.files = append(so.files, ".env")
		}
	}
	return args
}

// knownPrograms are those that `yarn NAME` may mean where there is no such script.
var knownPrograms = []string{"concurrently", "nodemon", "node", "tsx", "ts-node", "ts-node-dev", "tsc", "vite", "next", "nuxt", "astro", "webpack", "turbo", "nx", "run-p", "run-s", "npm-run-all", "cross-env"}

func isName(s string) bool { return s != "" && syntax.ValidName(s) }

// runsScript tells which script a command runs, and of which package: `npm run dev --prefix client`.
func (s scripts) runsScript(args []string) (name, dir string, ok bool) {
	manager := args[0]
	switch {
	case manager == "npm" || manager == "pnpm" || manager == "yarn" || manager == "bun":
		rest := args[1:]
		for i := 0; i < len(rest); i++ {
			word := rest[i]
			flag, value, joined := strings.Cut(word, "=")
			switch {
			case slices.Contains([]string{"--prefix", "--cwd", "-C", "--dir", "-w", "--workspace", "--filter", "-F"}, flag):
				if manager == "pnpm" && flag == "-w" { // the root's own
					return "", "", false
				}
				if !joined && i+1 < len(rest) {
					i++
					value = rest[i]
				}
				if slices.Contains([]string{"-w", "--workspace", "--filter", "-F"}, flag) {
					value = s.p.packageDir(value)
					if value == "" {
						return "", "", false
					}
				}
				dir = path.Clean(value)
			case word == "run" || word == "run-script" || word == "-s" || word == "--silent" || word == "--if-present":
			case word == "workspace" && manager == "yarn" && i+1 < len(rest):
				i++
				if dir = s.p.packageDir(rest[i]); dir == "" {
					return "", "", false
				}
			case strings.HasPrefix(word, "-"):
				if name == "" {
					return "", "", false
				}
			case name == "":
				name = word
			}
		}
	case manager == "node" && len(args) == 3 && args[1] == "--run":
		name = args[2]
	case strings.HasPrefix(manager, "npm:") || strings.HasPrefix(manager, "pnpm:") || strings.HasPrefix(manager, "yarn:"):
		_, name, _ = strings.Cut(manager, ":")
	}
	return name, dir, name != ""
}

// moreArguments are what stands behind the name of a script: it is handed on.
func moreArguments(args []string, name string) []string {
	at := slices.Index(args, name)
	if at < 0 {
		return nil
	}
	more := slices.Clone(args[at+1:])
	if len(more) > 0 && more[0] == "--" {
		return more[1:]
	}
	if args[0] == "npm" || slices.ContainsFunc(more, func(a string) bool { // the package manager's own
		flag, _, _ := strings.Cut(a, "=")
		return slices.Contains([]string{"--prefix", "--cwd", "-C", "--dir", "-w", "--workspace", "--filter", "-F"}, flag)
	}) {
		return nil
	}
	return more
}

// named are the scripts that a name means, which may have a `*`.
func (s scripts) named(name string) []string {
	if s.m.Scripts[name] != "" {
		return []string{name}
	}
	if !strings.Contains(name, "*") {
		return nil
	}
	var names []string
	for _, n := range slices.Sorted(maps.Keys(s.m.Scripts)) {
		if ok, err := path.Match(strings.ReplaceAll(name, ":", "/"), strings.ReplaceAll(n, ":", "/")); err == nil && ok || strings.HasSuffix(name, "**") && strings.HasPrefix(n, strings.TrimSuffix(name, "**")) {
			names = append(names, n)
		}
	}
	return names
}

// concurrently's commands, by their names.
func (s scripts) concurrently(args []string, so job, depth int) []job {
	var commands, names []string
	for i := 0; i < len(args); i++ {
		flag, value, joined := strings.Cut(args[i], "=")
		switch flag {
		case "-n", "--names", "-c", "--prefix-colors", "-p", "--prefix", "-l", "--prefix-length", "-s", "--success", "--restart-tries", "--restart-after", "-m", "--max-processes", "--name-separator", "--kill-signal", "--ks", "--hide":
			if !joined && i+1 < len(args) {
				i++
				value = args[i]
			}
			if flag == "-n" || flag == "--names" {
				names = strings.Split(value, ",")
			}
		default:
			if !strings.HasPrefix(args[i], "-") {
				commands = append(commands, args[i])
			}
		}
	}
	var jobs []job
	for i, command := range commands {
		one := so
		one.name = ""
		got := s.text(command, one, depth+1)
		if i < len(names) && strings.TrimSpace(names[i]) != "" && len(got) == 1 {
			got[0].name = strings.TrimSpace(names[i])
		}
		jobs = append(jobs, got...)
	}
	return jobs
}

// runAll is npm-run-all, whose scripts run side by side, or one after the other.
func (s scripts) runAll(args []string, so job, depth int) []job {
	parallel := path.Base(args[0]) == "run-p"
	var jobs []job
	var names []string
	for i, word := range args[1:] {
		switch {
		case slices.Contains([]string{"-p", "--parallel"}, word):
			parallel = true
		case slices.Contains([]string{"-s", "--serial", "--sequential"}, word):
			parallel = false
		case !strings.HasPrefix(word, "-"):
			name, _, _ := strings.Cut(word, " ")
			found := s.named(name)
			if len(found) == 0 {
				so.lost = append(so.lost, "`"+word+"`, which is no script")
			}
			last := i == len(args)-2
			for j, n := range found {
				if parallel || last && j == len(found)-1 {
					names = append(names, n)
				} else {
					so.runsBefore("$NPM run "+n, s.m.Scripts[n])
				}
			}
		}
	}
	for _, name := range names {
		one := so
		one.name = name
		jobs = append(jobs, s.script(name, one, depth+1)...)
	}
	return jobs
}

// onSuccess is a compiler that starts the server by itself after each build.
func (s scripts) onSuccess(args []string, at int, so job, depth int) []job {
	rest := slices.Clone(args[at+1:])
	_, command, joined := strings.Cut(args[at], "=")
	if !joined && len(rest) > 0 {
		command, rest = rest[0], rest[1:]
	}
	compiler := append(slices.Clone(args[:at]), rest...)
	compiler = slices.DeleteFunc(compiler, func(a string) bool {
		return slices.Contains([]string{"--watch", "-w", "--noClear", "--silent"}, a)
	})
	if compiler[0] == "tsc-watch" {
		compiler[0] = "tsc"
	}
	so.before = append(slices.Clone(so.before), shellText(call{args: compiler}))
	return s.text(command, so, depth+1)
}

// shellText is a command as text for a shell.
func shellText(c call) string {
	var words []string
	words = append(words, c.env...)
	for _, a := range c.args {
		words = append(words, quotedWord(a))
	}
	text := strings.Join(words, " ")
	for _, manager := range []string{"npm", "pnpm", "yarn"} {
		if rest, ok := strings.CutPrefix(text, manager+" run "); ok {
			text = "$NPM run " + rest
		}
	}
	if c.dir != "" && c.dir != "." {
		text = "cd " + quotedWord(c.dir) + " && " + text
	}
	return text
}

var unquotedWord = lazyregexp.New(`^[A-Za-z0-9_@%+=:,./-]+$`)

// quotedWord is a word for a shell, not the first; one with a variable in it keeps that.
func quotedWord(w string) string {
	if unquotedWord.MatchString(w) {
		return w
	}
	if strings.Contains(w, "$") {
		return `"` + strings.ReplaceAll(w, `"`, `\"`) + `"`
	}
	quoted, err := syntax.Quote(w, syntax.LangPOSIX)
	if err != nil {
		return w
	}
	return quoted
}

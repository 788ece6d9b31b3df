package starter

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"devloop/schema/lazyregexp"
)

// loop is what another tool's file says of the loop of a project whose language is known: what the
// preset of the language does not do by itself.
type loop struct {
	file     string
	build    []string // the stages that build, in order; none if the preset's are meant
	first    bool     // build comes before the preset's stage, and not in its place
	binary   string   // what the build writes, with what stands before it; "" if the preset's does
	prefix   string   // variables before the command
	patterns []string // what it watches beside the preset's patterns
	ignore   []string // what does not wake the build
	stop     string   // how the process ends
}

// started takes the variables and the program of a command apart from its arguments.
func started(command string) (prefix, program string) {
	prefix = setsVariables.FindString(command)
	program, _, _ = strings.Cut(strings.TrimPrefix(strings.TrimPrefix(command, prefix), "exec "), " ")
	return prefix, program
}

var setsVariables = lazyregexp.New(`^(?:env\s+)?(?:\w+=\S*\s+)*`)

// otherLoop reads the first file of another tool that has a loop of a program of the language whose build
// is known by plain. exts are those of the preset's patterns.
func (p *project) otherLoop(plain *lazyregexp.Regexp, exts []string) (*loop, error) {
	for _, name := range []string{".air.toml", "air.toml", "modd.conf"} {
		text, err := p.read(name)
		if err != nil {
			return nil, err
		}
		if text == "" {
			continue
		}
		read := loopOfModd
		if strings.HasSuffix(name, ".toml") {
			read = loopOfAir
		}
		if l := read(name, text, plain, exts); l != nil {
			return l, nil
		}
	}
	return nil, nil
}

// loopOfAir reads a .air.toml. What `air init` writes into every one says nothing of the project.
func loopOfAir(name, text string, plain *lazyregexp.Regexp, exts []string) *loop {
	var a air
	if _, err := toml.Decode(text, &a); err != nil {
		return nil
	}
	b := a.Build
	l := &loop{file: name, stop: stopOf(a.Build.SendInterrupt, a.Build.KillDelay), build: slices.Clone(b.PreCmd), first: true}
	prefix, program := started(airRuns(b))
	l.prefix = prefix
	if b.Cmd != "" && !plain.MatchString(b.Cmd) {
		l.build, l.first, l.binary = append(l.build, b.Cmd), false, program
		if own := strings.TrimPrefix(b.Bin, "./"); own != "" && path.Base(program) != path.Base(own) && !strings.Contains(b.Cmd, path.Base(program)) {
			l.binary = own // it is run by another program, such as a debugger
		}
	}
	var more []string
	for _, ext := range b.IncludeExt {
		if ext != "tpl" && !slices.Contains(exts, ext) {
			more = append(more, ext)
		}
	}
	switch len(more) {
	case 0:
	case 1:
		l.patterns = append(l.patterns, "**/*."+more[0])
	default:
		l.patterns = append(l.patterns, "**/*.{"+strings.Join(more, ",")+"}")
	}
	l.patterns = append(l.patterns, b.IncludeFile...)
	for _, dir := range b.ExcludeDir {
		dir = strings.Trim(strings.TrimPrefix(dir, "./"), "/")
		if dir != "" && !slices.Contains([]string{"assets", "tmp", "vendor", "testdata", "node_modules", strings.Trim(a.Tmp, "./")}, dir) {
			l.ignore = append(l.ignore, dir+"/**")
		}
	}
	l.ignore = append(l.ignore, b.ExcludeFile...)
	for _, re := range b.ExcludeRegex {
		if m := endsWith.FindStringSubmatch(re); m != nil {
			l.ignore = append(l.ignore, "**/*"+strings.ReplaceAll(m[1], `\`, ""))
		}
	}
	return l
}

// endsWith is a regular expression of how a file's name ends, as exclude_regex has most often.
var endsWith = lazyregexp.New(`^(?:\.\*)?([\w-]*\\?\.[\w]+(?:\\?\.\w+)?)\$?$`)

// airRuns is what air runs, in the shell's words.
func airRuns(b airBuild) string {
	run := airProgram(b)
	for _, arg := range b.ArgsBin {
		run += " " + shellWord(arg)
	}
	return run
}

func airProgram(b airBuild) string {
	run := b.FullBin
	if run == "" {
		switch entrypoint, isList := b.Entrypoint.([]any); {
		case isList:
			for _, arg := range entrypoint {
				run += " " + shellWord(fmt.Sprint(arg))
			}
		case b.Entrypoint != nil:
			run = shellWord(fmt.Sprint(b.Entrypoint))
		default:
			run = b.Bin
		}
	}
	return strings.TrimSpace(run)
}

// loopOfModd reads the block of a modd.conf that has a daemon.
func loopOfModd(name, text string, plain *lazyregexp.Regexp, exts []string) *loop {
	blocks, vars, err := parseModd(text)
	if err != nil {
		return nil
	}
	fill := moddFilled(vars)
	for _, b := range blocks {
		i := slices.IndexFunc(b.commands, func(c moddCommand) bool { return c.kind == "daemon" })
		if i < 0 || b.dir != "" {
			continue
		}
		l := &loop{file: name, first: true}
		for _, c := range b.commands {
			command := strings.ReplaceAll(fill(c.text), "@dirmods", "./...")
			switch {
			case c.kind != "prep" || checksGo.MatchString(command) || strings.Contains(command, "@mods"):
			case plain.MatchString(command):
			default:
				l.first = l.first && !buildsGo.MatchString(command)
				l.build = append(l.build, command)
			}
		}
		prefix, program := started(fill(b.commands[i].text))
		l.prefix = prefix
		if !l.first && program != "go" {
			l.binary = program
		}
		for _, o := range b.commands[i].options {
			if slices.Contains(moddSignals, o) && o != "sigterm" {
				l.stop = "{signal: " + strings.ToUpper(o) + "}"
			}
		}
		for _, pattern := range b.patterns {
			pattern = fill(pattern)
			if rest, not := strings.CutPrefix(pattern, "!"); not {
				l.ignore = append(l.ignore, rest)
			} else if !slices.ContainsFunc(exts, func(ext string) bool { return strings.HasSuffix(pattern, "*."+ext) }) {
				l.patterns = append(l.patterns, pattern)
			}
		}
		return l
	}
	return nil
}

var (
	checksGo = lazyregexp.New(`\bgo\s+(?:test|vet)\b|golangci-lint|staticcheck`)
	buildsGo = lazyregexp.New(`\bgo\s+(?:build|install)\b`)
)

// ownLoop takes what another tool's file says into a draft of a preset that builds; program is how
// that runs what it builds. It returns the program that is run.
func (d *draft) ownLoop(l *loop, program string) string {
	if l == nil {
		return program
	}
	d.beside = append(d.beside, l.file)
	d.comment("What %s says is in here; `devloop init --from %s` lists what has no counterpart.", l.file, l.file)
	if l.binary != "" {
		program = l.binary + " $ARGS"
		if dir := path.Dir(path.Clean(l.binary)); dir != "." {
			d.ignore("/" + dir + "/")
		}
	}
	return l.prefix + program
}

// stages are those that build, with the preset's own; nil if that is all.
func (l *loop) stages(own string) []string {
	switch {
	case l == nil || len(l.build) == 0:
		return nil
	case l.first:
		return append(slices.Clone(l.build), own)
	}
	return l.build
}

// server is the process of that name, made if it is not there.
func (d *draft) server(comment string) *entry {
	i := slices.IndexFunc(d.processes, func(p entry) bool { return p.key == "server" })
	if i < 0 {
		d.processes = slices.Insert(d.processes, 0, entry{key: "server", comment: comment})
		i = 0
	}
	return &d.processes[i]
}

// name is its file, "" for none.
func (l *loop) name() string {
	if l == nil {
		return ""
	}
	return l.file
}

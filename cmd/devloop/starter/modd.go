package starter

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// addModdBlock is `PATTERNS { COMMANDS }` of a modd.conf.
type moddBlock struct {
	line     int
	patterns []string
	commands []moddCommand
	dir      string
}

type moddCommand struct {
	line    int
	kind    string // prep or daemon
	options []string
	text    string
}

// fromModd reads modd.conf by its grammar (the README of modd): blocks of
// patterns and commands, and variables.
func fromModd(d *draft, text []byte) error {
	blocks, vars, err := parseModd(string(text))
	if err != nil {
		return err
	}
	fill := moddFilled(vars)
	if shell := vars["@shell"]; shell != "" {
		d.lose(0, "`@shell = "+shell+"`", "`shell: ["+shell+", -c]` at the top, if the commands need it")
	}
	blocks = slices.DeleteFunc(blocks, func(b moddBlock) bool { return len(b.commands) == 0 })
	for i, b := range blocks {
		suffix := ""
		if len(blocks) > 1 {
			suffix = fmt.Sprintf("-%d", i+1)
		}
		addModdBlock(d, b, suffix, fill)
	}
	d.ignore("*.trigger")
	return nil
}

// moddFilled fills in the variables of a modd.conf.
func moddFilled(vars map[string]string) func(string) string {
	names := slices.Sorted(maps.Keys(vars))
	slices.Reverse(names) // a name comes before what it begins with
	return func(s string) string {
		for _, name := range names {
			s = strings.ReplaceAll(s, name, vars[name])
		}
		return strings.ReplaceAll(s, "@confdir", ".")
	}
}

func addModdBlock(d *draft, b moddBlock, suffix string, fill func(string) string) {
	var watch, ignore []string
	for _, p := range b.patterns {
		if rest, not := strings.CutPrefix(fill(p), "!"); not {
			ignore = append(ignore, rest)
		} else {
			watch = append(watch, fill(p))
		}
	}
	var sees entries
	sees.add("watch", flow(watch))
	sees.add("ignore", flow(ignore))
	var preps []string
	daemons := 0
	for _, c := range b.commands {
		command := fill(c.text)
		if strings.Contains(command, "@dirmods") && strings.HasPrefix(command, "go ") {
			d.lose(c.line, "`@dirmods`", "every package takes its place; go remembers those that have not changed")
			command = strings.ReplaceAll(command, "@dirmods", "./...")
		}
		for _, mods := range []string{"@dirmods", "@mods"} {
			if strings.Contains(command, mods) {
				d.lose(c.line, "`"+mods+"`", "the changed files stand in $DEVLOOP_CHANGED, a line each; in the first run there is none")
				command = strings.ReplaceAll(command, mods, "$DEVLOOP_CHANGED")
			}
		}
		if c.kind == "prep" {
			for _, o := range c.options {
				d.lose(c.line, "`prep +"+o+"`", "a watcher's `on_start: false` leaves out its first run, for all its stages")
			}
			preps = append(preps, command)
		}
	}
	trigger := ".modd" + suffix + ".trigger"
	for _, c := range b.commands {
		if c.kind != "daemon" {
			continue
		}
		daemons++
		p := entries{{key: "run", value: yamlText(fill(c.text))}}
		if len(watch) == 0 {
			if len(preps) > 0 {
				d.lose(b.line, "a block without patterns", "its commands before the daemon ran once; write them into its `run`")
			}
		} else if len(preps) > 0 {
			p.add("watch", trigger)
		} else {
			p = append(p, sees...)
		}
		p.text("dir", fill(b.dir))
		for _, o := range c.options {
			if !slices.Contains(moddSignals, o) {
				d.lose(c.line, "`daemon +"+o+"`", "modd knows no such signal; write one under `stop`")
				continue
			}
			p.add("stop", "{signal: "+strings.ToUpper(o)+"}")
		}
		key := "daemon" + suffix
		if daemons > 1 {
			key += fmt.Sprintf("-%d", daemons)
		}
		d.processes = append(d.processes, entry{key: key, sub: p})
	}
	if len(preps) == 0 {
		return
	}
	if len(watch) == 0 {
		if daemons == 0 {
			d.lose(b.line, "a block without patterns", "every watcher watches something; run it by hand, or in a stage of another watcher")
		}
		return
	}
	w := slices.Clone(sees)
	w.add("stages", stages(preps...))
	w.text("dir", fill(b.dir))
	w.when(daemons > 0, "trigger", trigger)
	d.watchers = append(d.watchers, entry{key: "prep" + suffix, sub: w})
}

// moddSignals are the signals that modd knows, by the options of its daemons.
var moddSignals = []string{"sighup", "sigint", "sigkill", "sigquit", "sigterm", "sigusr1", "sigusr2", "sigwinch"}

// parseModd takes the text apart. Text may be quoted; a `#` begins a comment.
func parseModd(text string) (blocks []moddBlock, vars map[string]string, err error) {
	vars = map[string]string{}
	var open *moddBlock
	var patterns []string
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		number := i + 1
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case open == nil && strings.HasPrefix(line, "@") && strings.Contains(line, "="):
			name, value, _ := strings.Cut(line, "=")
			vars[strings.TrimSpace(name)] = unquoteModd(strings.TrimSpace(value))
		case open == nil:
			head, rest, opens := strings.Cut(line, "{")
			if opens && strings.Contains(rest, ",") || strings.Count(line, "{") > 1 { // braces of a pattern
				head, opens = strings.TrimSuffix(line, "{"), strings.HasSuffix(line, "{")
			}
			patterns = append(patterns, fieldsModd(head)...)
			if opens {
				open = &moddBlock{line: number, patterns: patterns}
				patterns = nil
			}
		case line == "}":
			blocks = append(blocks, *open)
			open = nil
		default:
			head, command, ok := strings.Cut(line, ":")
			fields := strings.Fields(head)
			if !ok || len(fields) == 0 {
				return nil, nil, fmt.Errorf("line %d: no command: %s", number, line)
			}
			command = strings.TrimSpace(command)
			for (strings.HasSuffix(command, `\`) || unclosed(command)) && i+1 < len(lines) {
				i++
				if before, goesOn := strings.CutSuffix(command, `\`); goesOn {
					command = strings.TrimSpace(before) + " " + strings.TrimSpace(lines[i])
				} else {
					command += "\n" + strings.TrimSpace(lines[i])
				}
			}
			command = unquoteModd(strings.TrimSpace(command))
			switch {
			case command == "":
				return nil, nil, fmt.Errorf("line %d: an empty command", number)
			case fields[0] == "indir":
				open.dir = command
			case fields[0] == "prep", fields[0] == "daemon":
				c := moddCommand{line: number, kind: fields[0], text: strings.TrimSpace(command)}
				for _, o := range fields[1:] {
					c.options = append(c.options, strings.TrimPrefix(o, "+"))
				}
				open.commands = append(open.commands, c)
			default:
				return nil, nil, fmt.Errorf("line %d: %q is neither prep, daemon nor indir", number, fields[0])
			}
		}
	}
	if open != nil {
		return nil, nil, fmt.Errorf("line %d: a block that is never closed", open.line)
	}
	return blocks, vars, nil
}

// unclosed reports whether a command begins with a quote that does not end yet.
func unclosed(s string) bool {
	return s != "" && (s[0] == '"' || s[0] == '\'') && (len(s) == 1 || s[len(s)-1] != s[0])
}

func unquoteModd(s string) string {
	if len(s) > 1 && (s[0] == '"' || s[0] == '\'') && s[len(s)-1] == s[0] {
		return strings.ReplaceAll(s[1:len(s)-1], `\`+s[:1], s[:1])
	}
	return s
}

// fieldsModd are the patterns of a line; one in quotes may hold spaces.
func fieldsModd(s string) []string {
	var fields []string
	var b strings.Builder
	quote := rune(0)
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && unicode.IsSpace(r):
			if b.Len() > 0 {
				fields = append(fields, b.String())
				b.Reset()
			}
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() > 0 {
		fields = append(fields, b.String())
	}
	return fields
}

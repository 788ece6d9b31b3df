package starter

import (
	"slices"
	"strings"

	"devloop/schema/lazyregexp"
)

// serverCommands are how the servers of presets are started, by what the preset's name begins with.
var serverCommands = []struct {
	preset string
	runs   *lazyregexp.Regexp
}{
	{"preset:go", lazyregexp.New(`\bgo\s+run\b|(?:^|\s)air\b|(?:^|[\s/])bin/|^\./`)},
	{"preset:rust", lazyregexp.New(`\bcargo\s+(?:run|watch)\b|target/`)},
	{"preset:ruby", lazyregexp.New(`\bpuma\b|\brackup\b|\bruby\s`)},
	{"preset:rails", lazyregexp.New(`\brails\s+s|\bpuma\b`)},
	{"preset:gradle", lazyregexp.New(`\bgradlew?\b|\bjava\s`)},
	{"preset:maven", lazyregexp.New(`\bmvnw?\b|\bjava\s`)},
	{"preset:php", lazyregexp.New(`\bphp\s`)}, {"preset:laravel", lazyregexp.New(`\bphp\s`)}, {"preset:symfony", lazyregexp.New(`\bphp\s|\bsymfony\s`)},
	{"preset:phoenix", lazyregexp.New(`\bmix\s+phx\.server`)}, {"preset:dotnet", lazyregexp.New(`\bdotnet\s`)}, {"preset:deno", lazyregexp.New(`\bdeno\s`)},
	{"preset:django", lazyregexp.New(`\bmanage\.py\s+runserver|\bpython3?\s|\buvicorn\b|\bgunicorn\b`)},
	{"preset:flask", lazyregexp.New(`\bflask\b|\bpython3?\s`)}, {"preset:gunicorn", lazyregexp.New(`\bgunicorn\b|\bflask\b`)},
	{"preset:python", lazyregexp.New(`\buvicorn\b|\bfastapi\b|\bpython3?\s`)},
	{"", lazyregexp.New(`\b(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:dev|start|serve)\b|\bnode\s|\bnodemon\b|\btsx\b|\bvite\b|\bnext\b`)},
}

// serverNames are what the process of the server is called, where several commands could be it.
var serverNames = []string{"server", "web", "api", "app", "backend"}

// serverOf finds the one of the processes that the server of the draft stands for; -1 if none or
// several could be it.
func serverOf(d *draft, processes []entry) int {
	i := slices.IndexFunc(serverCommands, func(c struct {
		preset string
		runs   *lazyregexp.Regexp
	}) bool {
		return strings.HasPrefix(d.top[0].value, c.preset)
	})
	var found []int
	for at, p := range processes {
		if run := p.get("run"); run != nil && p.get("dir") == nil && serverCommands[i].runs.MatchString(run.value) {
			found = append(found, at)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	for _, name := range serverNames {
		for _, at := range found {
			if processes[at].key == name {
				return at
			}
		}
	}
	return -1
}

// processesBeside adds the other processes of a process-compose file to a draft that has its server:
// what the server waits for and its environment stay what the file says.
func (p *project) processesBeside(d *draft) (bool, error) {
	for _, name := range processComposeFiles {
		text, err := p.read(name)
		if err != nil {
			return false, err
		}
		from := &draft{by: name}
		if text == "" || !d.serves() || fromProcessCompose(from, []byte(text)) != nil {
			continue
		}
		at := serverOf(d, from.processes)
		if at < 0 {
			continue
		}
		d.beside = append(d.beside, name)
		was := from.processes[at]
		names := map[string]string{was.key: "server"}
		for i, other := range from.processes {
			if i != at && other.key == "server" {
				names["server"] = "server2"
			}
		}
		for _, key := range []string{"depends_on", "env", "env_file", "stop"} {
			if e := was.get(key); e != nil {
				server := d.server("What it waits for, and what it gets, is as " + name + " has it.")
				if server.get(key) == nil {
					server.sub = append(server.sub, *e)
				}
			}
		}
		first := true
		for i, other := range from.processes {
			if i == at {
				continue
			}
			if n := names[other.key]; n != "" {
				other.key = n
			}
			if first {
				other.comment, first = "The other processes of "+name+".", false
			}
			d.processes = append(d.processes, other)
		}
		for i := range d.processes {
			if e := d.processes[i].get("depends_on"); e != nil && e.edges != nil {
				for j, n := range e.edges.names {
					if to := names[n]; to != "" {
						e.edges.names[j] = to
						e.edges.parts[j] = to + strings.TrimPrefix(e.edges.parts[j], n)
					}
				}
			}
		}
		d.lost, d.lostIn = append(d.lost, from.lost...), name
		d.env = append(d.env, from.env...)
		d.dropEdges()
		d.comment("The server is `%s` of %s: its socket is from the sources, and the other processes are as they were.", was.key, name)
		return true, nil
	}
	return false, nil
}

// processComposeFiles are the names that process-compose looks for.
var processComposeFiles = []string{"process-compose.yaml", "process-compose.yml"}

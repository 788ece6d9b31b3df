package machine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"devloop/schema"
)

// The tests write a project in a small language of lines:
//
//	once
//	jobs 2
//	remote 3
//	watcher check: lint+vet, test(timeout=5s), build(if=src/) -> server, site; queue needs=db
//	process server; needs=db:ready,check:passed+restart probed stop=5s
//
// A watcher's stages stand in order, `+` joins the stages of a parallel group,
// and `->` names the readers of its trigger. What follows `;` are options; the
// cases of parseWatcher, parseStage and parseProcess list them all.

// parseConfig reads such a project.
func parseConfig(text string) (cfg Config, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("parse config: %v", r)
		}
	}()
	cfg.Jobs = 4
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	index := map[string]int{}
	for _, line := range lines {
		kind, rest, _ := strings.Cut(line, " ")
		if kind == "watcher" || kind == "process" {
			name := rest[:strings.IndexAny(rest+";", ":; ")]
			index[name] = len(index)
			n := Node{Name: name}
			if kind == "watcher" {
				n.Watcher = &Watcher{OnStart: true}
			} else {
				n.Process = &Process{Start: true, Restart: schema.RestartOnFailure,
					ReadyTimeout: 60 * time.Second, StopTimeout: 5 * time.Second,
					Backoff: schema.Backoff{Initial: 500 * time.Millisecond, Max: 30 * time.Second, GiveUp: 10}}
			}
			cfg.Nodes = append(cfg.Nodes, n)
		}
	}
	p := &configParser{cfg: &cfg, index: index}
	next := 0
	for _, line := range lines {
		kind, rest, _ := strings.Cut(line, " ")
		rest, options, _ := strings.Cut(rest, ";")
		switch kind {
		case "once":
			cfg.Once = true
		case "jobs":
			cfg.Jobs = number(rest)
		case "remote":
			cfg.RemoteJobs = number(rest)
		case "watcher":
			p.watcher(next, rest, strings.Fields(options))
			next++
		case "process":
			p.process(next, strings.Fields(options))
			next++
		default:
			panic("unknown line " + line)
		}
	}
	return cfg, nil
}

type configParser struct {
	cfg   *Config
	index map[string]int
}

func (p *configParser) node(name string) int {
	i, known := p.index[strings.TrimSpace(name)]
	if !known {
		panic("unknown node " + name)
	}
	return i
}

func (p *configParser) watcher(id int, text string, options []string) {
	n := &p.cfg.Nodes[id]
	w := n.Watcher
	_, text, _ = strings.Cut(text, ":")
	text, readers, triggers := strings.Cut(text, "->")
	for group := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(text) == "" {
			break // it has none
		}
		var stages []Stage
		for stage := range strings.SplitSeq(group, "+") {
			stages = append(stages, parseStage(strings.TrimSpace(stage)))
		}
		w.Groups = append(w.Groups, stages)
	}
	w.Triggers = triggers
	for reader := range strings.SplitSeq(readers, ",") {
		if triggers && strings.TrimSpace(reader) != "" {
			r := p.node(reader)
			n.Readers = append(n.Readers, Reader{Node: r, Trigger: "." + n.Name})
			p.edge(id, r)
		}
	}
	for _, option := range options {
		switch key, value, _ := strings.Cut(option, "="); key {
		case "queue":
			w.Queue = true
		case "nostart":
			w.OnStart = false
		case "needs":
			p.needs(id, value)
		case "settle":
			n.Settle = duration(value)
		default:
			panic("unknown option " + option)
		}
	}
}

func parseStage(text string) Stage {
	name, options, _ := strings.Cut(strings.TrimSuffix(text, ")"), "(")
	s := Stage{Name: name}
	for option := range strings.FieldsSeq(options) {
		switch key, value, _ := strings.Cut(option, "="); key {
		case "if":
			s.IfChanged = func(path string) bool { return strings.HasPrefix(path, value) }
		case "timeout":
			s.Timeout = duration(value)
		case "allow":
			s.AllowFailure = true
		case "keep":
			s.Uninterrupted = true
		case "remote":
			s.Remote = true
		default:
			panic("unknown option " + option)
		}
	}
	return s
}

func (p *configParser) process(id int, options []string) {
	n := &p.cfg.Nodes[id]
	c := n.Process
	for _, option := range options {
		switch key, value, _ := strings.Cut(option, "="); key {
		case "nostart":
			c.Start = false
		case "probed":
			c.Probed = true
		case "ready":
			c.Probed, c.ReadyTimeout = true, duration(value)
		case "restart":
			c.Restart = schema.RestartPolicy(value)
		case "backoff": // initial/max/give up
			v := strings.Split(value, "/")
			c.Backoff = schema.Backoff{Initial: duration(v[0]), Max: duration(v[1]), GiveUp: number(v[2])}
		case "reload":
			c.Reload = true
		case "first":
			c.StartFirst = true
		case "wait":
			c.WaitChecking = true
		case "stop":
			c.StopTimeout = duration(value)
		case "needs":
			p.needs(id, value)
		case "settle":
			n.Settle = duration(value)
		default:
			panic("unknown option " + option)
		}
	}
}

// needs reads `db`, `db:started`, `check:passed+restart`, with commas between.
func (p *configParser) needs(id int, text string) {
	for one := range strings.SplitSeq(text, ",") {
		one, restart := strings.CutSuffix(one, "+restart")
		name, condition, given := strings.Cut(one, ":")
		need := Need{Node: p.node(name), Condition: schema.Condition(condition), Restart: restart}
		if !given {
			need.Condition = schema.Passed
			if p.cfg.Nodes[need.Node].Watcher == nil {
				need.Condition = schema.IsReady
			}
		}
		p.cfg.Nodes[id].Needs = append(p.cfg.Nodes[id].Needs, need)
		p.edge(need.Node, id)
	}
}

func (p *configParser) edge(from, to int) {
	if up := &p.cfg.Nodes[to].Upstream; !slices.Contains(*up, from) {
		*up = append(*up, from)
	}
}

func duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		panic(err)
	}
	return d
}

func number(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		panic(err)
	}
	return n
}

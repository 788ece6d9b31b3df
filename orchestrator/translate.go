package orchestrator

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/orchestrator/graph"
	"devloop/orchestrator/listenfd"
	"devloop/orchestrator/machine"
	"devloop/orchestrator/runner"
	"devloop/schema"
)

// This file translates the configuration for the machine.

// machineConfig is the graph as the machine sees it, node for node.
func machineConfig(cfg *schema.Config, g *graph.Graph, once bool) machine.Config {
	mc := machine.Config{Jobs: cfg.Jobs, Once: once}
	if cfg.Remote != nil {
		mc.RemoteJobs = cfg.Remote.Jobs
	}
	for i, n := range g.Nodes {
		mn := machine.Node{Name: n.Name, Upstream: g.Upstream(i), Gone: n.Gone}
		var settle *time.Duration
		if n.Watcher != nil {
			settle = n.Watcher.Project.Settle
			mn.Watcher = machineWatcher(n.Watcher)
			if n.Watcher.Settle != nil {
				settle = n.Watcher.Settle
			}
		} else {
			settle = n.Process.Project.Settle
			mn.Process = machineProcess(cfg, n.Process)
			if n.Process.Settle != nil {
				settle = n.Process.Settle
			}
		}
		if settle != nil {
			mn.Settle = *settle
		}
		for _, e := range g.Edges {
			switch {
			case e.From == i && e.Kind == graph.ByTrigger:
				mn.Readers = append(mn.Readers, machine.Reader{Node: e.To, Trigger: e.Trigger})
			case e.To == i && e.Kind == graph.ByDependsOn:
				mn.Needs = append(mn.Needs, machine.Need{Node: e.From, Condition: e.Condition, Restart: e.Restart})
			}
		}
		mc.Nodes = append(mc.Nodes, mn)
	}
	return mc
}

func machineWatcher(w *schema.Watcher) *machine.Watcher {
	mw := &machine.Watcher{
		Queue:    w.OnBusy == schema.BusyQueue,
		OnStart:  w.OnStart,
		Triggers: len(w.Triggers) > 0,
	}
	for _, group := range w.Groups() {
		var stages []machine.Stage
		for _, s := range group {
			ms := machine.Stage{Name: s.Name, Timeout: s.Timeout, AllowFailure: s.AllowFailure, Uninterrupted: !s.Interruptible, Remote: s.Remote}
			if len(s.IfChanged) > 0 {
				ms.IfChanged = func(path string) bool {
					path, unknown := strings.CutSuffix(filepath.ToSlash(path), "/") // a directory: any file in it may have changed
					return slices.ContainsFunc(s.IfChanged, func(p schema.Pattern) bool { return p.Match(path) || unknown && p.Reaches(path) })
				}
			}
			stages = append(stages, ms)
		}
		mw.Groups = append(mw.Groups, stages)
	}
	return mw
}

func machineProcess(cfg *schema.Config, p *schema.Process) *machine.Process {
	mp := &machine.Process{
		Start:        p.Start,
		Probed:       probed(cfg, p),
		ReadyTimeout: runner.ReadyTimeout,
		Restart:      p.Restart,
		Backoff:      p.Backoff,
		Reload:       p.Reload != "",
		StopTimeout:  p.Stop.Timeout,
		StartFirst:   p.Update == schema.StartFirst,
		WaitChecking: p.WhileChecking == schema.CheckWait,
	}
	if p.Ready != nil {
		mp.ReadyTimeout = p.Ready.Timeout
	}
	return mp
}

// probed tells whether more than its start says that a process is ready.
func probed(cfg *schema.Config, p *schema.Process) bool {
	return p.Ready != nil || acceptor(cfg, p) != nil || slices.ContainsFunc(p.Sockets, func(ref schema.SocketRef) bool {
		s := cfg.Socket(ref.Name)
		return s != nil && s.Via == schema.ViaProxy
	})
}

// acceptor is the socket whose first accepted connection says that the process serves: an inherited tcp
// socket that no other process holds, as it would not be known whose accept it was.
func acceptor(cfg *schema.Config, p *schema.Process) *schema.Socket {
	if !listenfd.CanWaitAccept || p.Update == schema.StartFirst {
		return nil // under start-first it could be the old one's accept
	}
	for _, ref := range p.Sockets {
		s := cfg.Socket(ref.Name)
		if s == nil || s.Via == schema.ViaProxy || s.Listen.Type == schema.UDP || s.Listen.Type == schema.Unix {
			continue
		}
		holders := 0
		for i := range cfg.Processes {
			for _, other := range cfg.Processes[i].Sockets {
				if other.Name == ref.Name {
					holders++
				}
			}
		}
		if holders == 1 {
			return s
		}
	}
	return nil
}

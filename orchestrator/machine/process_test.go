package machine

import (
	"os"
	"slices"
	"strings"
	"testing"

	"devloop/schema"
)

var (
	allPhases = []procPhase{procIdle, procStarting, procReady, procUnready, procCandidate, procStopping, procBackoff, procUnbuilt, procEnded, procGaveUp}
	eventName = [allEvents]string{onDue: "another is due", onReady: "it is ready", onTime: "its deadline", onExit: "it exits", onStop: "it is to stop", onKill: "kill"}
)

// TestProcessTable: the table has a word for each event in each phase, and what it
// does leads to the phases that it names, all of them, and to no other.
func TestProcessTable(t *testing.T) {
	if len(processTable) != len(allPhases) {
		t.Errorf("the table has %d phases, want %d", len(processTable), len(allPhases))
	}
	for ev, name := range eventName {
		if name == "" {
			t.Errorf("eventName has no words for event %d", ev)
		}
	}
	for _, phase := range allPhases {
		for ev := range allEvents {
			verb := processTable[phase][ev]
			if verb.words == "" {
				t.Errorf("%s: nothing is said of: %s", phase, eventName[ev])
			}
			reached := map[string]bool{}
			for variant := range uint(1 << 7) {
				if after := after(phase, procEvent(ev), variant); verb.to != "" || after != string(phase) {
					reached[after] = true
				}
			}
			for to := range strings.SplitSeq(verb.to, ", ") {
				if to != "" && !reached[to] {
					t.Errorf("%s: %s never leads to %s", phase, eventName[ev], to)
				}
				delete(reached, to)
			}
			for to := range reached {
				t.Errorf("%s: %s leads to %s", phase, eventName[ev], to)
			}
		}
	}
}

// after is the phase to which an event leads in a machine that the bits of the
// variant describe.
func after(phase procPhase, ev procEvent, variant uint) string {
	bit := func(n int) bool { return variant&(1<<n) != 0 }
	cfg := Process{Reload: bit(0), StartFirst: bit(1), Restart: schema.RestartNever, Backoff: schema.Backoff{GiveUp: 1}}
	if bit(2) {
		cfg.Restart = schema.RestartAlways
	}
	m := New(Config{Nodes: []Node{{Name: "w", Watcher: &Watcher{}}, {Name: "p", Process: &cfg, Upstream: []int{0}}}})
	m.started, m.now, m.nodes[0].w.asked = true, epoch, bit(3)
	p := m.nodes[1].p
	p.wanted, p.generation = true, generation{phase: phase, gen: 1, startedAt: epoch}
	g := &p.generation
	switch beside := &(side{generation: generation{phase: procCandidate, gen: 2}, newer: true}); {
	case phase == procCandidate, phase == procStopping && bit(4):
		beside.phase, p.phase, p.side = phase, procReady, beside
		g = &beside.generation
	case bit(4) && (phase == procReady || phase == procUnready):
		p.side = beside
	}
	if bit(5) {
		p.failures = 1
	}
	o := occasion{why: ByChange}
	if bit(6) {
		o.end.Code = 1
	}
	num := g.gen
	m.on(m.nodes[1], g, ev, o)
	switch {
	case p.side != nil && num == 2 && p.gen != 2:
		return string(p.side.phase)
	case num == 2 && p.gen != 2:
		return "gone"
	}
	return string(p.phase)
}

// TestProcessTableInDocs: the architecture page shows the table.
func TestProcessTableInDocs(t *testing.T) {
	const page, first = "../../docs/ARCHITECTURE.md", "| phase |"
	table := first + " " + strings.Join(eventName[:], " | ") + " |\n" + strings.Repeat("|---", allEvents+1) + "|\n"
	for _, phase := range allPhases {
		cells := []string{string(phase)}
		for _, verb := range processTable[phase] {
			cells = append(cells, strings.TrimSuffix(verb.words+" → "+verb.to, " → "))
		}
		table += "| " + strings.Join(cells, " | ") + " |\n"
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), first)
	if !found {
		t.Fatalf("%s has no line that begins with %q", page, first)
	}
	lines := strings.SplitAfter(first+rest, "\n")
	end := slices.IndexFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "|") })
	want := before + table + strings.Join(lines[end:], "")
	switch {
	case want == string(text):
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s does not show processTable as it is: write it with -update", page)
	}
}

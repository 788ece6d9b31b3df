package main

import (
	"fmt"
	"os"
	"time"
)

const (
	stormHold  = 200 * time.Millisecond // how long the command works, so that cancelling it shows
	stormQuiet = 3 * time.Second        // no news for so long: the storm is over
	mostStorm  = 30 * time.Second
)

// A storm is what a tool did when every file was rewritten.
type storm struct {
	took             time.Duration // the writing itself
	begun, completed int
	last             time.Duration // from the last write to the start of the last run; negative: nobody ran after it
	over             bool          // it ended within mostStorm of the first run that saw everything
}

func (b *bench) storm() error {
	p, err := makeProject(b.dir, "storm", stormShape)
	if err != nil {
		return err
	}
	found := map[string][]storm{}
	why := map[string]string{}
	for round := range b.storms {
		for _, t := range shuffled(b.tools) {
			if !t.takesPart("storm") || why[t.name] != "" {
				continue
			}
			one, err := b.stormOn(t, p)
			if b.ctx.Err() != nil {
				return b.ctx.Err()
			}
			if err != nil {
				why[t.name] = err.Error()
				b.progress("storm: %v", err)
				continue
			}
			found[t.name] = append(found[t.name], one)
		}
		b.progress("storm: round %d of %d", round+1, b.storms)
	}
	fmt.Fprintf(b.stdout, "Storm: %d files rewritten, one after the other; the command takes %v; each of %d storms:\n\n", len(p.files), stormHold, b.storms)
	var t table
	t.row("", "writing took, ms", "runs begun", "runs completed", "last write → last start, ms")
	for _, tool := range b.tools {
		all := found[tool.name]
		if len(all) == 0 {
			if reason := why[tool.name]; reason != "" {
				t.row(tool.label(), escape(reason), none, none, none)
			}
			continue
		}
		var took, begun, completed, last []string
		for _, s := range all {
			more := ""
			if !s.over {
				more = fmt.Sprintf(" in %v, and more", mostStorm)
			}
			took = append(took, millis(s.took))
			begun = append(begun, fmt.Sprint(s.begun)+more)
			completed = append(completed, fmt.Sprint(s.completed)+more)
			if s.last < 0 {
				last = append(last, "none after it")
			} else {
				last = append(last, millis(s.last))
			}
		}
		t.row(tool.label(), each(took), each(begun), each(completed), each(last))
	}
	return t.write(b.stdout)
}

// stormOn rewrites every file of a project that a tool watches.
func (b *bench) stormOn(t *tool, p project) (storm, error) {
	s, err := b.awake(t, p, stormHold)
	if s != nil {
		defer s.stop()
	}
	if err != nil {
		return storm{}, err
	}
	b.ledger.calm(s.tag, stormHold, stormQuiet, mostStorm, s.gone)
	texts := make([][]byte, len(p.files))
	for i := range texts {
		texts[i] = content(500)
	}
	began := now()
	var last instant
	for i, path := range p.files {
		last = now()
		if err := os.WriteFile(path, texts[i], 0o666); err != nil {
			return storm{}, fmt.Errorf("rewrite files: %w", err)
		}
	}
	result := storm{took: now().sub(began), last: -1}
	// Whoever has not begun yet, must be given the time to.
	b.ledger.wait(s.tag, last, mostStorm, s.gone)
	result.over = b.ledger.calm(s.tag, stormHold, stormQuiet, mostStorm, s.gone)
	for _, run := range b.ledger.all(s.tag) {
		if run.start < began {
			continue
		}
		result.begun++
		if run.end > 0 {
			result.completed++
		}
		if run.start >= last {
			result.last = max(result.last, run.start.sub(last))
		}
	}
	return result, nil
}

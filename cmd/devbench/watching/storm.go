package watching

import (
	"fmt"
	"os"
	"time"

	"devloop/cmd/devbench/harness"
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
	p, err := makeProject(b.Dir, "storm", stormShape)
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
			if b.Ctx.Err() != nil {
				return b.Ctx.Err()
			}
			if err != nil {
				why[t.name] = err.Error()
				b.Progress("storm: %v", err)
				continue
			}
			found[t.name] = append(found[t.name], one)
		}
		b.Progress("storm: round %d of %d", round+1, b.storms)
	}
	fmt.Fprintf(b.Stdout, "Storm: %d files rewritten, one after the other; the command takes %v; each of %d storms:\n\n", len(p.files), stormHold, b.storms)
	var t harness.Table
	t.Row("", "writing took, ms", "runs begun", "runs completed", "last write → last start, ms")
	for _, tool := range b.tools {
		all := found[tool.name]
		if len(all) == 0 {
			if reason := why[tool.name]; reason != "" {
				t.Row(tool.label(), harness.Escape(reason), harness.None, harness.None, harness.None)
			}
			continue
		}
		var took, begun, completed, last []string
		for _, s := range all {
			more := ""
			if !s.over {
				more = fmt.Sprintf(" in %v, and more", mostStorm)
			}
			took = append(took, harness.Millis(s.took))
			begun = append(begun, fmt.Sprint(s.begun)+more)
			completed = append(completed, fmt.Sprint(s.completed)+more)
			if s.last < 0 {
				last = append(last, "none after it")
			} else {
				last = append(last, harness.Millis(s.last))
			}
		}
		t.Row(tool.label(), harness.Each(took), harness.Each(begun), harness.Each(completed), harness.Each(last))
	}
	return t.Write(b.Stdout)
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
	b.ledger.waitQuiet(s.tag, stormHold, stormQuiet, mostStorm, s.Gone)
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
	b.ledger.wait(s.tag, last, mostStorm, s.Gone)
	result.over = b.ledger.waitQuiet(s.tag, stormHold, stormQuiet, mostStorm, s.Gone)
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

package reuse

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"devloop/orchestrator/inputs"
	"devloop/orchestrator/reapi"
)

// Why is what a stage would do now, and what differs from its last pass.
type Why struct {
	Reused bool       `json:"reused"`           // it would not run: it has passed with these inputs
	Passed *time.Time `json:"passed,omitempty"` // when it did; else its last pass with others. Nil: none is known

	Changed     []string `json:"changed,omitempty"` // inputs, with slashes, relative to the project
	New         []string `json:"new,omitempty"`
	Gone        []string `json:"gone,omitempty"`
	Permissions []string `json:"permissions,omitempty"` // only whether it may be executed differs
	Variables   []string `json:"variables,omitempty"`   // names
	Tools       bool     `json:"tools,omitempty"`       // they print something else
	Command     bool     `json:"command,omitempty"`     // it is another one, or runs elsewhere, or makes something else
}

// Same tells whether nothing is known to differ.
func (w *Why) Same() bool {
	return len(w.Changed)+len(w.New)+len(w.Gone)+len(w.Permissions)+len(w.Variables) == 0 && !w.Tools && !w.Command
}

// Why tells what a stage would do now.
func (r *Reuser) Why(ctx context.Context, s *Stage) (*Why, error) {
	store, err := r.opt.Store()
	if err != nil {
		return nil, err
	}
	_ = r.table.Load(tableFile(store.Dir(), s.Root)) // without it, files are read
	a := &Attempt{r: r, stage: s, store: store}
	if err := a.identify(ctx); err != nil {
		return nil, err
	}
	w := &Why{}
	if data, err := store.Result(a.key); err == nil {
		if result, err := reapi.DecodeActionResult(data); err == nil && result.ExitCode == 0 {
			w.Reused, w.Passed = true, &result.Metadata.ExecutionCompleted
			return w, nil
		}
	}
	last := a.readRecord()
	if last.Key == "" {
		return w, nil
	}
	w.Passed = &last.Passed
	now := Record{}
	a.describe(&now)
	w.Tools = now.Tools != last.Tools
	w.Command = now.Command != last.Command || now.Directory != last.Directory || !slices.Equal(now.Outputs, last.Outputs)
	for name := range maps.Keys(now.Variables) {
		if _, known := last.Variables[name]; !known {
			last.Variables[name] = ""
		}
	}
	for name, value := range last.Variables {
		if now.Variables[name] != value {
			w.Variables = append(w.Variables, name)
		}
	}
	slices.Sort(w.Variables)
	if data, err := store.Note(filesOf(s)); err == nil {
		w.compare(data, a.snapshot.Files)
	}
	return w, nil
}

// compare finds the files that differ from those that listed has written.
func (w *Why) compare(data []byte, files []inputs.File) {
	before := map[string]string{}
	for len(data) > 0 {
		var path, what []byte
		path, data, _ = bytes.Cut(data, []byte{0})
		what, data, _ = bytes.Cut(data, []byte{0})
		before[string(path)] = string(what)
	}
	for i := range files {
		f := &files[i]
		old, known := before[f.Path]
		now := described(f)
		delete(before, f.Path)
		switch {
		case !known:
			w.New = append(w.New, f.Path)
		case old == now:
		case old != "" && old[1:] == now[1:]:
			w.Permissions = append(w.Permissions, f.Path)
		default:
			w.Changed = append(w.Changed, f.Path)
		}
	}
	w.Gone = slices.Sorted(maps.Keys(before))
}

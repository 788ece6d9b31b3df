package watching

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"devloop/cmd/devbench/harness"
)

// settings are the flags.
type settings struct {
	harness.Flags
	tools   []string // empty: everything that is installed
	rounds  int
	tree    string
	dir     string
	pause   time.Duration // least time between two saves for one tool
	bound   time.Duration // a save without a run for so long is missed
	idle    time.Duration
	storms  int
	readies int
}

// bench is one run of the comparison. It owns the ledger, and every session it
// started.
type bench struct {
	settings
	*harness.Bench
	reporter string // the measured command's: C where there is a compiler, else this executable
	ledger   *ledger
	tools    []*tool // the ones that are here, in the order of the tables
	missing  []*tool
	tags     int
	big, app *project // two views of the big tree, once it is made
}

func newBench(ctx context.Context, s settings, stdout, stderr io.Writer) (b *bench, err error) {
	h, err := s.Begin(ctx, s.dir, stdout, stderr)
	if err != nil {
		return nil, err
	}
	b = &bench{settings: s, Bench: h}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if strings.ContainsAny(b.Dir, " '\"\\") {
		return b, fmt.Errorf("work in %s: the path must be free of spaces and quotes, as it becomes part of shell commands: give another -dir", b.Dir)
	}
	if b.reporter, err = b.compile("report"); err != nil {
		b.Progress("%v: the measured command is Go's, whose start takes longer", err)
		b.reporter = b.Self
	}
	if b.ledger, err = openLedger(filepath.Join(b.Dir, "sock")); err != nil {
		return b, err
	}
	return b, b.findTools()
}

// close removes what the bench made. The sessions have ended before.
func (b *bench) close() error {
	var err error
	if b.ledger != nil {
		err = b.ledger.close()
	}
	return errors.Join(err, b.Close())
}

// findTools sorts the known tools into those that are here and those that are not.
func (b *bench) findTools() error {
	for _, name := range b.settings.tools {
		if !slices.ContainsFunc(knownTools, func(t *tool) bool { return t.name == name }) {
			return fmt.Errorf("-tools %s: there is no such tool", name)
		}
	}
	for _, known := range knownTools {
		if len(b.settings.tools) > 0 && !slices.Contains(b.settings.tools, known.name) {
			continue
		}
		t := *known
		path, err := b.find(&t)
		if err != nil {
			if t.name == "devloop" {
				return fmt.Errorf("find devloop: %w", err)
			}
			b.missing = append(b.missing, &t)
			continue
		}
		t.path, t.is = path, t.version(path)
		b.tools = append(b.tools, &t)
	}
	if len(b.tools) == 0 {
		return errors.New("none of the tools is installed: there is nothing to measure")
	}
	return nil
}

// find is the executable of a tool.
func (b *bench) find(t *tool) (string, error) {
	switch t.name {
	case "floor":
		return b.Self, nil
	case "walk":
		return b.compile("walk")
	case "devloop":
		return b.Devloop, nil
	}
	return exec.LookPath(t.program)
}

// showTools prints which tools are compared.
func (b *bench) showTools() error {
	var t harness.Table
	t.Row("tool", "version", "how it was started")
	for _, tool := range b.tools {
		t.Row(tool.label(), tool.is, tool.how)
	}
	for _, tool := range b.missing {
		t.Row(tool.label(), "not installed", tool.install)
	}
	return t.Write(b.Stdout)
}

// shuffled is the tools in another order every time, so that none has always
// the same one before it.
func shuffled[T any](all []T) []T {
	all = slices.Clone(all)
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

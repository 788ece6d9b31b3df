package watching

import (
	"fmt"
	"time"

	"devloop/cmd/devbench/harness"
)

// idle measures what the tools use while nothing happens. They idle side by side.
func (b *bench) idle() error {
	sessions, stop, err := b.wakeAll("idle")
	defer stop()
	if err != nil {
		return err
	}
	if err := b.Pause(15 * time.Second); err != nil { // until garbage is collected and timers have run out
		return err
	}
	before := make([]effort, len(sessions))
	for i, s := range sessions {
		if before[i], err = effortOf(s.Cmd.Process.Pid); err != nil {
			return fmt.Errorf("measure %s: %w", s.tool.name, err)
		}
	}
	if err := b.Pause(b.settings.idle); err != nil {
		return err
	}
	fmt.Fprintf(b.Stdout, "Idle for %v on %d directories with %d files, whole process tree:\n\n", b.settings.idle, smallShape.dirs(), smallShape.files)
	var t harness.Table
	t.Row("", "CPU, ms", "wake-ups", "memory (PSS), MiB")
	for i, s := range sessions {
		after, err := effortOf(s.Cmd.Process.Pid)
		if err != nil {
			return fmt.Errorf("measure %s: %w", s.tool.name, err)
		}
		memory := harness.None
		if v, err := vitalsOf(s.Cmd.Process.Pid); err == nil {
			memory = fmt.Sprintf("%.1f", float64(v.pss)/1024)
		}
		t.Row(s.tool.label(), fmt.Sprintf("%.2f", float64(after.cpu-before[i].cpu)/1e6), fmt.Sprint(after.switches-before[i].switches), memory)
	}
	return t.Write(b.Stdout)
}

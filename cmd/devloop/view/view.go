// Package view is the full screen of `devloop view`: a client of the control
// socket, as every other one. A fault in it cannot hurt the loop.
package view

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// Run shows the loop until somebody leaves, by the key that is returned: 'q' or 'd'. 0: the context has
// ended, or the program was told to end.
func Run(ctx context.Context, opt Options) (key byte, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(50)) // the output that is kept is most of the memory
	ctx, cancel := context.WithCancel(ctx)
	var joined sync.WaitGroup
	defer joined.Wait()
	defer cancel()
	s := newSource(opt.Dial, opt.Color)
	m := newModel(opt, s)
	environ := os.Environ()
	if !opt.Color {
		environ = append(environ, "NO_COLOR=1")
	}
	p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithOutput(opt.Out), tea.WithEnvironment(environ), tea.WithFPS(frames))
	joined.Go(func() { s.run(ctx, opt.Client, p.Send) })
	_, err = p.Run()
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("show the screen: %w", err)
	}
	return m.left, err
}

// frames are drawn no more often than so many times a second.
const frames = 30

// Package view is the full screen of `devloop view`: a client of the control
// socket, as every other one. A fault in it cannot hurt the loop.
package view

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/term"
)

// Run shows the loop until somebody leaves, by the key that is returned: 'q' or 'd'. 0: the context has
// ended, or the program was told to end.
func Run(ctx context.Context, opt Options) (key byte, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(50))                                        // the output that is kept is most of the memory
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP) // the screen is given back
	var joined sync.WaitGroup
	defer joined.Wait()
	defer cancel()
	s := newSource(opt.Dial, opt.Color)
	t := &terminal{in: os.Stdin, out: opt.Out, color: opt.Color}
	m := newModel(opt, s)
	m.away = t.away
	if err := t.enter(); err != nil {
		opt.Client.Close()
		return 0, err
	}
	defer t.leave()
	p := tea.NewProgram(program{m, t}, tea.WithoutSignalHandler(), tea.WithoutCatchPanics(), tea.WithInput(os.Stdin), tea.WithOutput(io.Discard), tea.WithoutRenderer(), tea.WithFPS(1))
	joined.Go(func() { s.run(ctx, opt.Client, p.Send) })
	joined.Go(func() { // a program that is given the context closes its input while it is read
		<-ctx.Done()
		p.Quit()
	})
	joined.Go(func() { sizes(ctx, opt.Out, p.Send) })
	_, err = p.Run()
	if ctx.Err() != nil {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("show the screen: %w", err)
	}
	return m.left, err
}

// sizes sends the size of the terminal, and each new one.
func sizes(ctx context.Context, out *os.File, send func(tea.Msg)) {
	changed := make(chan os.Signal, 1)
	resizes(changed)
	defer signal.Stop(changed)
	for {
		if width, height, err := term.GetSize(int(out.Fd())); err == nil {
			send(tea.WindowSizeMsg{Width: width, Height: height})
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

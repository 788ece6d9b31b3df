package swapping

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// modes of a version.
const (
	good  = "good"
	crash = "crash" // it ends with 1 before it is ready
	hang  = "hang"  // it is never ready
)

// A director tells every server that starts which version it is and how to
// behave, and knows when each started, was ready and ended: each keeps a
// connection to it. When the bench is gone, so are they.
type director struct {
	listener net.Listener
	path     string
	serving  sync.WaitGroup

	mu      sync.Mutex // guards the rest
	modes   []string   // of the next versions; good when there are none
	gate    chan struct{}
	all     []*generation
	conns   map[net.Conn]bool
	changed chan struct{} // closed at the next change
}

// A generation is one start of the server. The director's lock guards it.
type generation struct {
	version, pid int
	mode         string
	ready, ended time.Time // zero: not yet
}

func newDirector(dir string) (*director, error) {
	d := &director{path: filepath.Join(dir, "director"), conns: map[net.Conn]bool{}, changed: make(chan struct{})}
	var err error
	if d.listener, err = net.Listen("unix", d.path); err != nil {
		return nil, fmt.Errorf("listen for servers: %w", err)
	}
	d.serving.Go(func() {
		for {
			conn, err := d.listener.Accept()
			if err != nil {
				return
			}
			d.serving.Go(func() { d.serve(conn) })
		}
	})
	return d, nil
}

// close hangs up on all servers.
func (d *director) close() {
	d.listener.Close()
	d.open()
	d.mu.Lock()
	for conn := range d.conns {
		conn.Close()
	}
	d.mu.Unlock()
	d.serving.Wait()
}

// serve is one server's connection: "start PID" is answered with "VERSION
// MODE"; "ready" may follow; the end of it is the server's end.
func (d *director) serve(conn net.Conn) {
	defer conn.Close()
	d.mu.Lock()
	d.conns[conn] = true
	d.mu.Unlock()
	var g *generation
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "start":
			g = d.start(rest)
			d.mu.Lock()
			gate := d.gate
			d.mu.Unlock()
			if gate != nil {
				<-gate
			}
			fmt.Fprintf(conn, "%d %s\n", g.version, g.mode) // one that is gone is seen by its end
		case "ready":
			d.change(func() { g.ready = time.Now() })
		}
	}
	d.change(func() {
		if g != nil {
			g.ended = time.Now()
		}
		delete(d.conns, conn)
	})
}

func (d *director) start(pid string) *generation {
	g := &generation{mode: good}
	g.pid, _ = strconv.Atoi(pid)
	d.change(func() {
		if len(d.modes) > 0 {
			g.mode, d.modes = d.modes[0], d.modes[1:]
		}
		g.version = len(d.all)
		d.all = append(d.all, g)
	})
	return g
}

func (d *director) change(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f()
	close(d.changed)
	d.changed = make(chan struct{})
}

// next says how the version that starts next behaves.
func (d *director) next(mode string) { d.change(func() { d.modes = append(d.modes, mode) }) }

// shut keeps servers that start from now on waiting, until open.
func (d *director) shut() { d.change(func() { d.gate = make(chan struct{}) }) }

func (d *director) open() {
	d.change(func() {
		if d.gate != nil {
			close(d.gate)
			d.gate = nil
		}
	})
}

// started is how many versions there have been.
func (d *director) started() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.all)
}

// generation is a copy of what is known of a version that has started.
func (d *director) generation(version int) generation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return *d.all[version]
}

// wait returns the version once it is as asked, or an error after patience.
func (d *director) wait(ctx context.Context, version int, what string, is func(generation) bool) (generation, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		d.mu.Lock()
		changed := d.changed
		if version < len(d.all) && is(*d.all[version]) {
			defer d.mu.Unlock()
			return *d.all[version], nil
		}
		d.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return generation{}, fmt.Errorf("wait until version %d has %s: %w", version, what, ctx.Err())
		}
	}
}

func isStarted(generation) bool { return true }
func isReady(g generation) bool { return !g.ready.IsZero() }
func isEnded(g generation) bool { return !g.ended.IsZero() }

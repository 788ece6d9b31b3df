package proxy

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"
)

// Ports are taken from below the range for outgoing connections (Linux from 32768 on, others from 49152), as
// one of those could take a server's port before the server does.
const (
	firstPort = 20000
	ports     = 12000
)

// nextPort is shared by all callers, so that two starts never get the same port, even when neither server has
// bound it yet; its start is random, so that two loops seldom try the same ones.
var nextPort atomic.Uint32

func init() { nextPort.Store(rand.Uint32N(ports)) }

// FreePort finds a port on which nothing listens, neither on 127.0.0.1 nor on ::1 where there is IPv6. It is
// not reserved, only not handed out again soon.
func FreePort() (int, error) {
	var last error
	for range 200 {
		port := firstPort + int(nextPort.Add(1)%ports)
		if last = portFree(port); last == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("find free port: %w", last)
}

func portFree(port int) error {
	for _, addr := range loopback(port) {
		if err := bindable(addr); err != nil {
			if noSuchAddress(err) && addr[0] == '[' {
				continue // a machine without IPv6
			}
			return err
		}
		// On the BSDs and macOS an address can be bound (with SO_REUSEADDR, which servers set) beside another
		// program's wildcard.
		if runtime.GOOS == "linux" || runtime.GOOS == "windows" {
			continue
		}
		conn, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err == nil {
			_ = conn.Close()
			return fmt.Errorf("port %d: somebody listens on all addresses", port)
		}
	}
	return nil
}

// loopback are the addresses on which a server with a given port may listen, the likeliest first.
func loopback(port int) []string {
	p := strconv.Itoa(port)
	return []string{"127.0.0.1:" + p, "[::1]:" + p}
}

// Accepting tries once whether a server accepts on port, on 127.0.0.1 or on ::1 (where "localhost" leads
// some), and returns the address for Serve. The error is that of 127.0.0.1, unless the other one says more.
func Accepting(ctx context.Context, port int) (addr string, err error) {
	var errs []error
	for _, addr := range loopback(port) {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			_ = conn.Close() // nothing was said
			return addr, nil
		}
		if len(errs) == 0 || !refused(err) && !noSuchAddress(err) {
			errs = append(errs, err)
		}
	}
	return "", errors.Join(errs...)
}

package testenv

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
)

// looked counts the ports that FreePort has looked at. Beside it the pid keeps the processes of a test run apart.
var looked atomic.Int64

// FreePort returns a port of 127.0.0.1 that nobody listens on, and that the system gives to no connection by itself: the
// test may take its time until something binds it. Nor does devloop give it to a server behind its proxy (proxy.FreePort).
func FreePort() string {
	for {
		port := strconv.Itoa(10_000 + (os.Getpid()*97+int(looked.Add(1)))%10_000)
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close() // nobody has connected
			return port
		}
	}
}

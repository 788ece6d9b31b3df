//go:build unix

package listenfd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"devloop/orchestrator/listenfd/shim"
	"devloop/orchestrator/test/testenv"
)

// strictConsumer takes the sockets as the strict half of the consumers does, which is spelled out in sd_listen_fds(3):
// none at all unless LISTEN_PID is this very process, one name a descriptor, close-on-exec set on each. It says their
// names and addresses.
func strictConsumer() error {
	if pid, err := strconv.Atoi(os.Getenv("LISTEN_PID")); err != nil || pid != os.Getpid() {
		return stay("none")
	}
	count, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if err != nil || count == 0 {
		return stay("none")
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	if len(names) != count {
		return fmt.Errorf("%d descriptors and the names %q", count, names)
	}
	var taken []string
	for i, name := range names {
		fd := 3 + i
		syscall.CloseOnExec(fd)
		file := os.NewFile(uintptr(fd), name)
		if os.Getenv(Variable(name)) != strconv.Itoa(fd) {
			return fmt.Errorf("%s is %q, want %d", Variable(name), os.Getenv(Variable(name)), fd)
		}
		if l, err := net.FileListener(file); err == nil {
			taken = append(taken, name+"="+l.Addr().String())
		} else if p, err := net.FilePacketConn(file); err == nil {
			taken = append(taken, name+"="+p.LocalAddr().String())
		} else {
			return err
		}
	}
	return stay(strings.Join(taken, " "))
}

func TestStrictConsumerGetsAllThroughTheShim(t *testing.T) {
	dir := t.TempDir()
	web := mustOpen(t, Spec{Name: "web", Network: TCP})
	dns := mustOpen(t, Spec{Name: "dns.local", Network: UDP})
	admin := mustOpen(t, Spec{Name: "admin", Network: Unix, Path: filepath.Join(dir, "a.sock")})
	c := start(t, shim.Wrap(self(t), []string{self(t)}), []string{roleVar + "=adopt"}, web, dns, admin)
	c.hears(fmt.Sprintf("web=%s dns.local=%s admin=%s", web.Addr(), dns.Addr(), admin.Addr()))
}

// Without the shim nothing reaches it: the test would not notice a consumer that is not strict.
func TestStrictConsumerWantsItsOwnPID(t *testing.T) {
	web := mustOpen(t, Spec{Network: TCP})
	startRole(t, "adopt", web).hears("none")
}

// The consumers that people write: each says a line when it listens, and answers connections with "hello".
func TestConsumers(t *testing.T) {
	const nodeServer = `
		const s = require('net').createServer(c => c.end('hello\n'));
		s.listen({fd: Number(process.env.DEVLOOP_FD_WEB)}, () => console.log('serving'));
		process.stdin.resume().on('end', () => process.exit(0));`
	const pythonServer = `
import os, socket, sys, threading
s = socket.socket(fileno=int(os.environ['LISTEN_FDS_FIRST_FD']))
def serve():
    while True:
        c, _ = s.accept()
        c.sendall(b'hello\n')
        c.close()
threading.Thread(target=serve, daemon=True).start()
print('serving', flush=True)
sys.stdin.read()`
	const asyncioServer = `
import asyncio, os, socket, sys
async def hello(r, w):
    w.write(b'hello\n')
    w.close()
async def main():
    await asyncio.start_server(hello, sock=socket.socket(fileno=3))
    print('serving', flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())`
	for _, consumer := range []struct{ name, program, flag, code string }{
		{"node", "node", "-e", nodeServer},
		{"python", "python3", "-c", pythonServer},
		{"asyncio", "python3", "-c", asyncioServer},
	} {
		t.Run(consumer.name, func(t *testing.T) {
			program := testenv.Program(t, consumer.program)
			web := mustOpen(t, Spec{Network: TCP})
			for range 2 { // generations
				if err := web.Reset(); err != nil {
					t.Fatal(err)
				}
				c := start(t, shim.Wrap(self(t), []string{program, consumer.flag, consumer.code}), nil, web)
				c.hears("serving")
				if got := ask(t, web); got != "hello\n" {
					t.Errorf("server said %q", got)
				}
				c.end()
			}
		})
	}
}

// libsystemd itself is the judge of what we pass.
func TestLibsystemdTakesTheSockets(t *testing.T) {
	cc := testenv.Program(t, "cc")
	const source = `
		#include <stdio.h>
		#include <systemd/sd-daemon.h>
		int main(void) {
			char **names = NULL;
			int n = sd_listen_fds_with_names(1, &names);
			printf("%d", n);
			for (int i = 0; i < n; i++)
				printf(" %s:%d", names[i], sd_is_socket(SD_LISTEN_FDS_START + i, 0, 0, i == 0));
			printf("\n");
			return 0;
		}`
	dir := t.TempDir()
	file, program := filepath.Join(dir, "take.c"), filepath.Join(dir, "take")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(cc, "-o", program, file, "-lsystemd").CombinedOutput()
	if err != nil {
		t.Logf("%s", out)
	}
	testenv.Need(t, "libsystemd", err == nil)
	web := mustOpen(t, Spec{Name: "web", Network: TCP})
	dns := mustOpen(t, Spec{Name: "dns", Network: UDP})
	start(t, shim.Wrap(self(t), []string{program}), []string{"LISTEN_PIDFDID=1"}, web, dns).hears("2 web:1 dns:1")
}

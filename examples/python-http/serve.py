"""The part to copy into a server of your own: take the socket that devloop holds, serve on it, and drain on the way out."""

import os
import select
import signal
import socket
import threading
import time
from http.server import ThreadingHTTPServer
from queue import SimpleQueue

# How often a connection that has asked for nothing looks whether the server is draining. Browsers open such connections
# ahead of need, and a drain must not wait for them longer than this.
SPARE = 0.1
# How long after it was accepted a connection counts as one that is about to ask, however slow its client: a drain waits
# that long for it.
FRESH = 1


def listener(host, port):
    """The socket that was passed to this process, or one bound to host and port if none was: it also runs by hand."""
    if socket_passed():
        return socket.socket(fileno=3)
    return socket.create_server((host, port))


def socket_passed():
    """Systemd's protocol: LISTEN_FDS counts the sockets, which start at descriptor 3, and LISTEN_PID, if it is there,
    names the one process that they are meant for."""
    pid = os.environ.get("LISTEN_PID")
    return int(os.environ.get("LISTEN_FDS") or 0) > 0 and pid in (None, "", str(os.getpid()))


class Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close() waits for the requests under way
    draining = False

    def __init__(self, sock, app):
        super().__init__(sock.getsockname(), app, bind_and_activate=False)
        self.socket.close()  # the one that it made for itself
        self.socket = sock

    def finish_request(self, request, client_address):
        fresh_until = time.monotonic() + FRESH
        while not select.select([request], [], [], SPARE)[0]:
            if self.draining and time.monotonic() >= fresh_until:
                return
        super().finish_request(request, client_address)

    def drain_after(self, stop):
        stop.get()
        self.draining = True
        self.shutdown()


def serve(sock, app):
    """Answers on sock until SIGTERM or SIGINT. Then it drains: it accepts no more, and returns when the requests under
    way are answered. Connections that nobody has accepted stay in the socket's queue, for the next version of this
    server."""
    with Server(sock, app) as server:
        # The drain has a thread of its own, because shutdown() waits for serve_forever(). It is there before the signal:
        # a handler that starts one hangs for ever if it interrupts the server in the middle of starting another. And of
        # what wakes a thread, only this queue's put() may be called by a handler.
        stop = SimpleQueue()
        threading.Thread(target=server.drain_after, args=[stop], daemon=True).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.put(None))
        server.serve_forever(poll_interval=0.05)

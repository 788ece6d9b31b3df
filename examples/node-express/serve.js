// The part to copy into a server of your own: take the socket that devloop holds, serve on it, and drain on the way out.

import { createServer } from 'node:http';

// How long a drain waits for a connection that has not asked for anything: browsers open some ahead of need, and may
// never use them.
const spareGrace = 100;
// How long after it was accepted a connection counts as one that is about to ask, however slow its client: a drain waits
// that long for it.
const freshGrace = 1000;

// What to listen on: the socket that was passed to this process, or `own` if none was, so that the server also runs by
// hand. It is systemd's protocol: LISTEN_FDS counts the sockets, which start at descriptor 3, and LISTEN_PID, if it is
// there, names the one process that they are meant for.
export function endpoint(own, { LISTEN_FDS, LISTEN_PID } = process.env) {
  const passed = Number(LISTEN_FDS) > 0 && (!LISTEN_PID || Number(LISTEN_PID) === process.pid);
  return passed ? { fd: 3 } : own;
}

// Answers until SIGTERM or SIGINT. Then it drains: it accepts no more, and the process ends when the requests under way
// are answered. Connections that nobody has accepted stay in the socket's queue, for the next version of this server.
export function serve(app, where) {
  const server = createServer(app);

  const spare = new Map(); // the connections on which nothing has been asked yet, and when they were accepted
  server.on('connection', (socket) => {
    spare.set(socket, Date.now());
    socket.on('close', () => spare.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    spare.delete(socket);
    response.on('finish', () => server.listening || socket.end()); // a drain waits for no next request
  });

  const drain = () => {
    server.close();
    server.closeIdleConnections();
    spare.forEach((accepted, socket) => {
      const grace = Math.max(spareGrace, accepted + freshGrace - Date.now());
      setTimeout(() => spare.has(socket) && socket.destroy(), grace).unref();
    });
  };
  process.once('SIGTERM', drain).once('SIGINT', drain);

  return server.listen(where);
}

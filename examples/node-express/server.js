import { app } from './app.js';
import { endpoint, serve } from './serve.js';

// app.listen({ fd: 3 }) would take the socket as well; serve() also drains.
const server = serve(app, endpoint({ host: '127.0.0.1', port: 3000 }));
server.on('listening', () => {
  const { address, port } = server.address();
  console.log(`serving on http://${address}:${port}`);
});

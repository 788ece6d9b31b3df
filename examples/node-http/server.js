import { app } from './app.js';
import { endpoint, serve } from './serve.js';

const server = serve(app, endpoint({ host: '127.0.0.1', port: 3000 }));
server.on('listening', () => {
  const { address, port } = server.address();
  console.log(`serving on http://${address}:${port}`);
});

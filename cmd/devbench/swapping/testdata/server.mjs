import http from 'node:http';

const server = http.createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  response.end('All is well.\n');
});
process.on('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
server.listen({ fd: 3 });

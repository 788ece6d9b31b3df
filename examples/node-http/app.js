// The page.

// What the page says. Change it while devloop runs, and reload the page.
export const message = 'Hello, World!';

export function app(request, response) {
  switch (request.url) {
    case '/':
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.end(`<!doctype html>\n<title>node-http</title>\n<h1>${message}</h1>\n`);
      break;
    case '/healthz':
      response.end('ok\n');
      break;
    default:
      response.writeHead(404).end('not found\n');
  }
}

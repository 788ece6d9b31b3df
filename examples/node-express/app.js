// The page.

import express from 'express';

// What the page says. Change it while devloop runs, and reload the page.
export const message = 'Hello, World!';

export const app = express();
app.disable('x-powered-by');
app.get('/', (request, response) => {
  response.type('html').send(`<!doctype html>\n<title>node-express</title>\n<h1>${message}</h1>\n`);
});

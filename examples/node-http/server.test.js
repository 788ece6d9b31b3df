import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';

import { app, message } from './app.js';
import { endpoint } from './serve.js';

test('the page says the message', async (t) => {
  const server = createServer(app).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');

  const page = await fetch(`http://127.0.0.1:${server.address().port}/`);
  assert.equal(page.status, 200);
  assert.ok((await page.text()).includes(message));
});

test('a socket is taken only if it was passed to this process', () => {
  const own = { port: 3000 };
  assert.deepEqual(endpoint(own, {}), own);
  assert.deepEqual(endpoint(own, { LISTEN_FDS: '1' }), { fd: 3 });
  assert.deepEqual(endpoint(own, { LISTEN_FDS: '1', LISTEN_PID: `${process.pid}` }), { fd: 3 });
  assert.deepEqual(endpoint(own, { LISTEN_FDS: '1', LISTEN_PID: '1' }), own);
});

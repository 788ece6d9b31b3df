import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { app, message } from './app.js';

test('the page says the message', async (t) => {
  const server = app.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');

  const page = await fetch(`http://127.0.0.1:${server.address().port}/`);
  assert.equal(page.status, 200);
  assert.ok((await page.text()).includes(message));
});

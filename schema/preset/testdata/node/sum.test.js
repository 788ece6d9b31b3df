const assert = require('node:assert')
const test = require('node:test')
const { sum } = require('./sum.js')

test('sums', () => assert.strictEqual(sum(1, 2), 3))

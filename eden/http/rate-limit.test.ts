// Bursts pass, floods wait, time heals.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock } from '../clock.ts'
import { RateLimit } from './rate-limit.ts'

test('a caller has a burst, then so many a second; others are not held up', () => {
  const clock = testClock()
  const limit = new RateLimit(clock, 2, 4)
  for (let n = 0; n < 4; n += 1) limit.take('a')
  assert.throws(() => limit.take('a'), { status: 429 })
  limit.take('b')
  clock.advance(1000)
  limit.take('a')
  limit.take('a')
  assert.throws(() => limit.take('a'), { status: 429 })
})

test('without a rate nobody is held up', () => {
  const limit = new RateLimit(testClock(), 0)
  for (let n = 0; n < 1000; n += 1) limit.take('a')
})

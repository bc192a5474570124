import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startUntilItAnswers } from './fresh-start.ts'
import { NoAnswer } from './qmp-client.ts'

test('what comes up mute is cleared away and started again, three times in all', async () => {
  const story: string[] = []
  const program = (answersAt: number) => ({
    start: async (isLast: boolean) => {
      story.push(isLast ? 'last' : 'start')
      if (story.filter((word) => word === 'start' || word === 'last').length < answersAt) throw new NoAnswer('mute')
      return 'up'
    },
    clear: async () => void story.push('clear'),
    again: () => story.push('again'),
  })
  assert.equal(await startUntilItAnswers(program(2)), 'up')
  assert.deepEqual(story, ['start', 'clear', 'again', 'start'])
  story.length = 0
  await assert.rejects(startUntilItAnswers(program(4)), /mute/)
  assert.deepEqual(story, ['start', 'clear', 'again', 'start', 'clear', 'again', 'last', 'clear'])
})

test('what ended with a reason is not started again', async () => {
  let starts = 0
  const start = async () => {
    starts += 1
    throw new Error('no such disk')
  }
  await assert.rejects(startUntilItAnswers({ start, clear: async () => {}, again: () => {} }), /no such disk/)
  assert.equal(starts, 1)
})

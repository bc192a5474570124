// The client against a monitor that is played here, so that silence and late words can be had at will.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { NoAnswer, QmpClient, QmpError, type QmpOptions } from './qmp-client.ts'

const patient: QmpOptions = { peer: 'It', greetWithinMs: 60_000, firstAnswerWithinMs: 60_000, answerWithinMs: 60_000 }
type Reply = (message: { execute: string; id: number }, say: (message: object) => void, socket: Socket) => void

const answers: Reply = ({ execute, id }, say, socket) => {
  if (execute === 'refused') say({ id, error: { class: 'GenericError', desc: 'no' } })
  else if (execute === 'end') socket.destroy()
  else if (execute !== 'silence') say({ id, return: execute })
}

test('answers find their commands, refusals and the end are told apart', async (t) => {
  const client = await QmpClient.connect(await monitor(t, answers), patient)
  assert.deepEqual(await Promise.all([client.execute('a'), client.execute('b')]), ['a', 'b'])
  await assert.rejects(
    client.execute('refused'),
    (error) => error instanceof QmpError && /It refused/.test(error.message),
  )
  const closed = new Promise<void>((settle) => client.onClose(settle))
  const [unanswered, watched] = [client.execute('silence'), client.waitFor(() => true)]
  await Promise.all([
    assert.rejects(unanswered, /It ended before it answered silence/),
    assert.rejects(watched, /It ended meanwhile/),
    assert.rejects(client.execute('end'), /ended before/),
    closed,
  ])
  await assert.rejects(client.execute('a'), /It is gone; a was not sent/)
})

test('events reach who waits for them, and waiting ends in time or by signal', async (t) => {
  const told: Reply = (message, say) => {
    say({ event: 'SEEN', data: { command: message.execute } })
    say({ id: message.id, return: {} })
  }
  const client = await QmpClient.connect(await monitor(t, told), patient)
  const seen = client.waitFor(({ event, data }) => event === 'SEEN' && data.command === 'second')
  await client.execute('first')
  await client.execute('second')
  assert.deepEqual(await seen, { event: 'SEEN', data: { command: 'second' } })
  assert.equal(await client.waitFor(() => true, 1), undefined)
  const haste = new AbortController()
  const cut = client.waitFor(() => true, undefined, haste.signal)
  haste.abort(new Error('in a hurry'))
  await assert.rejects(cut, /in a hurry/)
  const letGo = client.waitFor(() => true)
  client.close()
  await assert.rejects(letGo, /ended meanwhile/)
})

test('who greets and is mute then is stuck; who does not greet is held by somebody else', async (t) => {
  const mute = await monitor(t, () => {})
  await assert.rejects(QmpClient.connect(mute, { ...patient, firstAnswerWithinMs: 1 }), NoAnswer)
  const busy = await monitor(t, answers, false)
  await assert.rejects(QmpClient.connect(busy, { ...patient, greetWithinMs: 1 }), /another process/)
  await assert.rejects(QmpClient.connect(`${busy}-absent`, patient), { code: 'ENOENT' })
})

test('a late answer ends the connection only where that is wished', async (t) => {
  const path = await monitor(t, answers)
  const lenient = await QmpClient.connect(path, patient)
  await assert.rejects(lenient.execute('silence', {}, 1), NoAnswer)
  assert.equal(await lenient.execute('a'), 'a')
  lenient.close()
  const strict = await QmpClient.connect(path, { ...patient, endsOnSilence: true })
  const closed = new Promise<void>((settle) => strict.onClose(settle))
  const other = assert.rejects(strict.execute('silence'), /ended before/)
  await assert.rejects(strict.execute('silence', {}, 1), NoAnswer)
  await Promise.all([other, closed])
  assert.equal(strict.isStuck, true)
})

/** A monitor's socket; removed after the test. */
async function monitor(t: TestContext, reply: Reply, greets = true): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'qmp-'))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    const say = (message: object) => void socket.write(`${JSON.stringify(message)}\n`)
    socket.on('error', () => {})
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      for (const line of text.split('\n')) if (line) reply(JSON.parse(line), say, socket)
    })
    if (greets) say({ QMP: {} })
  })
  server.listen(join(folder, 'socket'))
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await rm(folder, { recursive: true })
  })
  return join(folder, 'socket')
}

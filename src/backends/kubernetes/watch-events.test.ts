import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MalformedWatchError, type WatchLine, watchEvents } from './watch-events.ts'

async function read(chunks: readonly Buffer[]): Promise<WatchLine[]> {
  const events: WatchLine[] = []
  const source = async function* () {
    yield* chunks
  }
  for await (const event of watchEvents(source())) events.push(event)
  return events
}

test('events are the same however the bytes are cut', async () => {
  const events = [
    { type: 'ADDED', object: { metadata: { name: 'ä' } } },
    { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
    { type: 'DELETED', object: { metadata: { name: 'x'.repeat(200) } } },
  ]
  const bytes = Buffer.from(events.map(event => `${JSON.stringify(event)}\n`).join(''))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 20 }), async cuts => {
      const places = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at]!, end))
      assert.deepEqual(await read(chunks), events)
    }),
  )
})

test('a line that the end cuts off is no event', async () => {
  assert.deepEqual(await read([Buffer.from('{"type":"ADDED","object":{}}\n{"type":"ADD')]), [
    { type: 'ADDED', object: {} },
  ])
})

for (const line of ['hello', '{}', '{"type":"OTHER","object":{}}', '{"type":"ADDED"}', 'null', '[]'])
  test(`${line} is no watch`, async () => {
    await assert.rejects(read([Buffer.from(`${line}\n`)]), MalformedWatchError)
  })

test('an event without an end is given up', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 120)
  await assert.rejects(read(Array.from({ length: 20 }, () => chunk)), /larger than/)
})

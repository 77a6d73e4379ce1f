import assert from 'node:assert/strict'
import * as http from 'node:http'
import { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { messages, mutated } from '../../../test/corpus/http1/messages.ts'
import type { ResponseHead } from './head.ts'
import { readMessage } from './read-message.ts'

interface Verdict {
  refused: boolean
  status: number
  headers: readonly string[]
  body: string
  complete: boolean
}

/** A connection in memory: node:http reads from it what is pushed. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

/** What node:http makes of a response, in its strict mode. */
async function llhttp(bytes: Buffer): Promise<Verdict> {
  const seen: Verdict = { refused: false, status: 0, headers: [], body: '', complete: false }
  const wire = new Wire()
  const request = http.get({ createConnection: () => wire, headers: { host: 'a' } })
  request.on('error', () => {
    seen.refused = !seen.complete
  })
  request.on('upgrade', response => {
    seen.status = response.statusCode!
  })
  request.on('response', response => {
    seen.status = response.statusCode!
    seen.headers = response.rawHeaders
    response.on('data', (chunk: Buffer) => {
      seen.body += chunk.toString('latin1')
    })
    response.on('end', () => {
      seen.complete = response.complete
    })
    response.on('error', () => {
      seen.refused = true
    })
  })
  await new Promise<void>(resolve => setImmediate(resolve))
  wire.push(bytes)
  wire.push(null)
  for (let turn = 0; turn < 4; turn++) await new Promise<void>(resolve => setImmediate(resolve))
  request.destroy()
  wire.destroy()
  return seen
}

/** Reads the final response, past interim ones, as a connection does. */
function ours(bytes: Buffer): ReturnType<typeof readMessage> {
  let rest = bytes
  for (;;) {
    const reading = readMessage([rest], 'response')
    if (reading.verdict !== 'read') return reading
    const { status } = reading.head as ResponseHead
    if (status >= 200 || status === 101) return reading
    rest = rest.subarray(rest.length - reading.restBytes)
  }
}

let compared = 0

async function comparesWell(bytes: Buffer, name: string): Promise<void> {
  const reading = ours(bytes)
  if (reading.verdict !== 'read') return
  const head = reading.head as ResponseHead
  // Bytes behind a response belong to nothing: the connection that brought them is not used again. And 101 is refused
  // by the connection, which knows what was asked for.
  if (reading.restBytes > 0 || head.status === 101) return
  compared++
  const theirs = await llhttp(bytes)
  assert.equal(theirs.refused, false, `llhttp refuses ${name}`)
  assert.deepEqual(
    { status: head.status, headers: head.headers.raw, body: reading.body },
    { status: theirs.status, headers: theirs.headers, body: theirs.body },
    name,
  )
}

describe('beside the llhttp of a client', () => {
  for (const { name, bytes } of messages('responses'))
    test(`takes only what it takes, and reads it alike: ${name}`, () => comparesWell(bytes, name))

  test('takes only what it takes, and reads it alike, after random changes', async () => {
    const honest = messages('responses').filter(({ bytes }) => {
      const reading = ours(bytes)
      return reading.verdict === 'read' && reading.restBytes === 0
    })
    await fc.assert(
      fc.asyncProperty(mutated(honest), bytes =>
        comparesWell(bytes, JSON.stringify(bytes.toString('latin1'))),
      ),
      { numRuns: 5000 },
    )
    assert.ok(compared > 200, `only ${compared} of them were read`)
  })
})

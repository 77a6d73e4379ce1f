import assert from 'node:assert/strict'
import { createServer, METHODS, type Server } from 'node:http'
import { Duplex } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import type { RequestHead } from './head.ts'
import { readMessage } from './read-message.ts'
import { ACCEPTED_REQUESTS, REFUSED_REQUESTS } from './request-cases.ts'

interface Verdict {
  refused: boolean
  complete: boolean
  method: string
  url: string
  headers: readonly string[]
  body: string
}

/** A connection in memory: node:http reads from it what `feed` gives. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

describe('beside llhttp', () => {
  let server: Server
  let verdict: Verdict

  before(() => {
    server = createServer((request, response) => {
      verdict.method = request.method!
      verdict.url = request.url!
      verdict.headers = request.rawHeaders
      request.on('data', (chunk: Buffer) => {
        verdict.body += chunk.toString('latin1')
      })
      request.on('end', () => {
        verdict.complete = true
      })
      request.on('error', () => {})
      response.on('error', () => {})
    })
    server.maxHeadersCount = 0
    server.on('checkContinue', (request, response) => server.emit('request', request, response))
    server.on('checkExpectation', () => {
      verdict.refused = true
    })
    server.on('connect', request => {
      verdict.method = 'CONNECT'
      verdict.url = request.url!
      verdict.headers = request.rawHeaders
      verdict.complete = true
    })
    server.on('clientError', () => {
      verdict.refused = true
    })
  })
  after(() => server.close())

  async function llhttp(bytes: Buffer): Promise<Verdict> {
    verdict = { refused: false, complete: false, method: '', url: '', headers: [], body: '' }
    const wire = new Wire()
    server.emit('connection', wire)
    wire.push(bytes)
    for (let turn = 0; turn < 4; turn++) await new Promise<void>(resolve => setImmediate(resolve))
    const seen = verdict
    wire.destroy()
    return seen
  }

  /** What llhttp refuses and we take on purpose. */
  function isTakenOnPurpose(bytes: Buffer): boolean {
    const text = bytes.toString('latin1')
    const method = text.replace(/^\r\n/, '').split(' ', 1)[0]!
    // It knows 35 methods; a proxy carries any. Its heads end at 16 KiB, ours at 64.
    if (!METHODS.includes(method) || method === 'PRI' || method === 'SOURCE') return true
    return text.length > 16_000
  }

  test('refuses what llhttp refuses, in every case of the table', async () => {
    for (const [name, text] of [
      ...ACCEPTED_REQUESTS,
      ...REFUSED_REQUESTS.map(row => [row.name, row.bytes] as const),
    ]) {
      const bytes = Buffer.from(text, 'latin1')
      const theirs = await llhttp(bytes)
      if (theirs.refused && !isTakenOnPurpose(bytes))
        assert.notEqual(readMessage([bytes], 'request').verdict, 'read', `llhttp refuses ${name}`)
    }
  })

  test('reads what llhttp reads to the same values', async () => {
    for (const [name, text] of ACCEPTED_REQUESTS) {
      const bytes = Buffer.from(text, 'latin1')
      if (isTakenOnPurpose(bytes) || name.startsWith('HTTP/1.0 without')) continue
      same(bytes, await llhttp(bytes), name)
    }
  })

  test('refuses what llhttp refuses, and reads what both read alike, after random changes', async () => {
    const cases = [
      ...ACCEPTED_REQUESTS.map(([, bytes]) => bytes),
      ...REFUSED_REQUESTS.map(({ bytes }) => bytes),
    ]
    const small = cases.filter(bytes => bytes.length < 1000).map(bytes => Buffer.from(bytes, 'latin1'))
    const piece = fc.constantFrom(
      '\r',
      '\n',
      '\0',
      ' ',
      '\t',
      ':',
      ',',
      '\r\n',
      '0',
      '1',
      ';',
      'chunked',
      '\xe9',
      '=',
      '/',
    )
    const mutation = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 3 }),
      piece,
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...small),
        fc.array(mutation, { minLength: 1, maxLength: 2 }),
        async (base, edits) => {
          let bytes = base
          for (const [at, remove, insert] of edits) {
            const cut = Math.floor(at * bytes.length)
            bytes = Buffer.concat([
              bytes.subarray(0, cut),
              Buffer.from(insert, 'latin1'),
              bytes.subarray(cut + remove),
            ])
          }
          const ours = readMessage([bytes], 'request')
          if (ours.verdict !== 'read' || ours.restBytes > 0 || isTakenOnPurpose(bytes)) return
          const theirs = await llhttp(bytes)
          same(bytes, theirs, bytes.toString('latin1'))
        },
      ),
      { numRuns: 1500 },
    )
  })

  function same(bytes: Buffer, theirs: Verdict, name: string): void {
    const ours = readMessage([bytes], 'request')
    assert.equal(ours.verdict, 'read', `${name}: ${JSON.stringify(ours)}`)
    if (ours.verdict !== 'read') return
    assert.equal(theirs.refused, false, `llhttp refuses ${JSON.stringify(name)}`)
    const head = ours.head as RequestHead
    assert.deepEqual(
      { method: head.method, url: head.target, headers: head.headers.raw, body: ours.body },
      { method: theirs.method, url: theirs.url, headers: theirs.headers, body: theirs.body },
      name,
    )
  }
})

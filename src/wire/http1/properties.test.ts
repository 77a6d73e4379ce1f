import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CHUNK_END, chunkStart, encodeRequestHead, encodeResponseHead, lastChunk } from './encode.ts'
import { parseFields } from './fields.ts'
import type { RequestHead, ResponseHead } from './head.ts'
import { HeaderList } from './headers.ts'
import { type Reading, readMessage } from './read-message.ts'
import { ACCEPTED_REQUESTS, REFUSED_REQUESTS } from './request-cases.ts'

const CASES = [
  ...ACCEPTED_REQUESTS.map(([, bytes]) => bytes),
  ...REFUSED_REQUESTS.map(({ bytes }) => bytes),
].map(bytes => Buffer.from(bytes, 'latin1'))

/** Cuts at the given fractions; every cut is a chunk of its own as a socket would give it. */
function split(bytes: Buffer, fractions: readonly number[]): Buffer[] {
  const cuts = [...new Set(fractions.map(fraction => Math.floor(fraction * bytes.length)))].sort(
    (a, b) => a - b,
  )
  const ends = [...cuts.filter(cut => cut > 0 && cut < bytes.length), bytes.length]
  return ends.map((end, at) => Buffer.from(bytes.subarray(at === 0 ? 0 : ends[at - 1]!, end)))
}

/** Bytes after a message are the next one's: how many arrived does not matter here. */
function essence(reading: Reading): unknown {
  return reading.verdict === 'read' ? { ...reading, head: { ...reading.head } } : reading
}

const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

describe('the codec', () => {
  test('reads every case one byte at a time as it reads it whole', () => {
    for (const bytes of CASES) {
      if (bytes.length > 20_000) continue
      const single = Array.from(bytes, byte => Buffer.from([byte]))
      const whole = readMessage([bytes], 'request')
      assert.deepEqual(
        essence(readMessage(single, 'request')),
        essence(whole),
        bytes.toString('latin1').slice(0, 200),
      )
    }
  })

  test('reads every case the same however it is split', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CASES), fractions, (bytes, cuts) => {
        assert.deepEqual(
          essence(readMessage(split(bytes, cuts), 'request')),
          essence(readMessage([bytes], 'request')),
          bytes.toString('latin1').slice(0, 200),
        )
      }),
      { numRuns: 2000 },
    )
  })

  test('meets any change of a message with a verdict, the same for every split', () => {
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.integer({ min: 0, max: 4 }),
      insert: fc.oneof(
        fc.constantFrom(
          '\r',
          '\n',
          '\0',
          ' ',
          '\t',
          ':',
          ',',
          '\r\n',
          '\r\n\r\n',
          '0',
          'chunked',
          '\x80',
          '_',
          '\x0b',
        ),
        fc.string({ maxLength: 4 }),
      ),
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...CASES.filter(bytes => bytes.length < 2000)),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fractions,
        fc.constantFrom('request' as const, 'response' as const),
        (original, mutations, cuts, kind) => {
          let bytes = original
          for (const { at, remove, insert } of mutations) {
            const cut = Math.floor(at * bytes.length)
            bytes = Buffer.concat([
              bytes.subarray(0, cut),
              Buffer.from(insert, 'latin1'),
              bytes.subarray(cut + remove),
            ])
          }
          const whole = readMessage([bytes], kind)
          assert.deepEqual(essence(readMessage(split(bytes, cuts), kind)), essence(whole))
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('meets arbitrary bytes with a verdict', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom('request' as const, 'response' as const),
        (bytes, kind) => {
          assert.ok(readMessage([Buffer.from(bytes)], kind).verdict)
        },
      ),
      { numRuns: 2000 },
    )
  })
})

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/)
const value = fc.stringMatching(
  /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]{0,20}[\x21-\x7e\x80-\xff])?)?$/,
)
const CONTROL = /^(?:host|content[-_]length|transfer[-_]encoding|expect|connection|upgrade)$/i
const fields = fc.array(
  fc.tuple(
    token.filter(name => !CONTROL.test(name)),
    value,
  ),
  { maxLength: 20 },
)

describe('the fields of a head', () => {
  // Heads without white space but one space before each value are read by another way than the rest.
  test('are the same however much white space is around their values', () => {
    const space = fc.stringMatching(/^[ \t]{0,2}$/)
    fc.assert(
      fc.property(fc.array(fc.tuple(token, space, value, space), { maxLength: 8 }), list => {
        const given = list.map(([name, before, text, after]) => `${name}:${before}${text}${after}\r\n`)
        const plain = list.map(([name, , text]) => `${name}: ${text}\r\n`)
        const read = parseFields(given.join(''), 0, 100)
        assert.equal(read.allLines(), plain.join(''))
        assert.deepEqual(read.raw, parseFields(plain.join(''), 0, 100).raw)
        assert.deepEqual(
          read.raw,
          list.flatMap(([name, , text]) => [name, text]),
        )
      }),
    )
  })
})

describe('what is written', () => {
  test('as a request is read back as it was given', () => {
    const target = fc.stringMatching(/^\/[!$-Z\]^-~a-z0-9?]{0,30}$/).filter(text => !/[#\\]/.test(text))
    fc.assert(
      fc.property(
        token.filter(name => name !== 'CONNECT'),
        target,
        fields,
        (method, path, list) => {
          const headers = new HeaderList(['Host', 'a', ...list.flat()])
          const bytes = Buffer.from(encodeRequestHead(method, path, headers), 'latin1')
          const result = readMessage([bytes], 'request')
          assert.equal(result.verdict, 'read', JSON.stringify(result))
          const head = (result as { head: RequestHead }).head
          assert.deepEqual([head.method, head.target, head.headers.raw], [method, path, headers.raw])
        },
      ),
    )
  })

  test('as a response with a chunked body is read back as it was given', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }))
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 599 }),
        fields,
        chunks,
        fractions,
        (status, list, data, cuts) => {
          fc.pre(status !== 204 && status !== 304)
          const headers = new HeaderList(['Transfer-Encoding', 'chunked', ...list.flat()])
          const parts = data.flatMap(one => [
            Buffer.from(chunkStart(one.length)),
            Buffer.from(one),
            Buffer.from(CHUNK_END),
          ])
          const trailers = new HeaderList(['X-Checksum', '1'])
          const bytes = Buffer.concat([
            Buffer.from(encodeResponseHead(status, headers), 'latin1'),
            ...parts,
            Buffer.from(lastChunk(trailers)),
          ])
          const result = readMessage(split(bytes, cuts), 'response')
          assert.equal(result.verdict, 'read', JSON.stringify(result))
          if (result.verdict !== 'read') return
          assert.deepEqual((result.head as ResponseHead).headers.raw, headers.raw)
          assert.equal(result.body, Buffer.concat(data).toString('latin1'))
          assert.deepEqual(result.trailers, trailers.raw)
        },
      ),
    )
  })
})

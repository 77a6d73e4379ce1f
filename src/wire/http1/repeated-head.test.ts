import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseRequestHead, type RequestHead } from './head.ts'
import { DEFAULT_HEAD_LIMITS } from './limits.ts'
import { RepeatedHead } from './repeated-head.ts'
import { ACCEPTED_REQUESTS, REFUSED_REQUESTS } from './request-cases.ts'

const GET = 'GET /cart?id=1 HTTP/1.1\r\nHost: shop\r\nAccept: */*\r\n'

/** The heads of all cases, one by one in any order, and heads that differ in a single letter. */
const TEXTS = [
  GET,
  GET.replace('shop', 'shoq'),
  GET.replace('GET', 'PUT'),
  GET.replace('*/*\r\n', '*/*\r\nX: y\r\n'),
  ...[...ACCEPTED_REQUESTS.map(([, bytes]) => bytes), ...REFUSED_REQUESTS.map(({ bytes }) => bytes)]
    .map(bytes => bytes.slice(0, bytes.indexOf('\r\n\r\n') + 2))
    .filter(text => text.length > 2 && text.length < 4096),
]

function verdict(read: () => RequestHead): unknown {
  try {
    const { headers, ...head } = read()
    return { ...head, fields: [...headers], lines: headers.allLines() }
  } catch (error) {
    return String(error)
  }
}

describe('a repeated head', () => {
  test('means what it meant, whatever came before and whoever edited what was given out', () => {
    const steps = fc.array(
      fc.record({
        text: fc.constantFrom(...TEXTS),
        times: fc.integer({ min: 1, max: 3 }),
        edit: fc.constantFrom('none', 'append', 'set', 'raw'),
      }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(steps, steps => {
        const repeated = new RepeatedHead<RequestHead>()
        const read = (text: string, edit: string): RequestHead => {
          let head = repeated.recall(text)
          if (head === undefined) {
            head = parseRequestHead(text, DEFAULT_HEAD_LIMITS)
            repeated.keep(text, head)
          }
          if (edit === 'append') head.headers.append('X-Edited', 'yes')
          if (edit === 'set') head.headers.set('Host', 'elsewhere')
          if (edit === 'raw') head.headers.raw.push('X-Edited', 'yes')
          return head
        }
        for (const { text, times, edit } of steps)
          for (let time = 0; time < times; time++) {
            const fresh = verdict(() => parseRequestHead(text, DEFAULT_HEAD_LIMITS))
            assert.deepEqual(
              verdict(() => read(text, 'none')),
              fresh,
            )
            verdict(() => read(text, edit))
          }
      }),
      { numRuns: 500 },
    )
  })

  test('is recalled by its whole text only, with a list of its own each time', () => {
    const repeated = new RepeatedHead<RequestHead>()
    assert.equal(repeated.recall(''), undefined)
    assert.equal(repeated.keep(GET, parseRequestHead(GET, DEFAULT_HEAD_LIMITS)), true)
    const first = repeated.recall(GET)
    const second = repeated.recall(`${GET}`)
    assert.notEqual(first?.headers, second?.headers)
    assert.equal(second?.path, '/cart')
    for (const other of ['', GET.slice(0, -1), `${GET}A: b\r\n`, GET.toLowerCase()])
      assert.equal(repeated.recall(other), undefined)
  })

  test('is not kept when it is long, and the last one stays', () => {
    const repeated = new RepeatedHead<RequestHead>()
    const long = `${GET}X: ${'y'.repeat(1024)}\r\n`
    repeated.keep(GET, parseRequestHead(GET, DEFAULT_HEAD_LIMITS))
    assert.equal(repeated.keep(long, parseRequestHead(long, DEFAULT_HEAD_LIMITS)), false)
    assert.equal(repeated.recall(long), undefined)
    assert.equal(repeated.recall(GET)?.authority, 'shop')
  })
})

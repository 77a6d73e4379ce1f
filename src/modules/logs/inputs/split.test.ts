import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineSplitter } from './split.ts'

const MAX = 8

interface Case {
  readonly name: string
  readonly text: string
  readonly midLine?: boolean
  readonly final?: boolean
  readonly lines: readonly string[]
  readonly pieces?: readonly number[]
  readonly rest: string
}

const cases: readonly Case[] = [
  { name: 'nothing', text: '', lines: [], rest: '' },
  { name: 'whole lines', text: 'a\nb\n', lines: ['a', 'b'], rest: '' },
  { name: 'an unterminated rest waits', text: 'a\nb', lines: ['a'], rest: 'b' },
  {
    name: 'an unterminated rest is a line at the end',
    text: 'a\nb',
    final: true,
    lines: ['a', 'b'],
    rest: '',
  },
  { name: 'empty lines are lines', text: '\n\na\n', lines: ['', '', 'a'], rest: '' },
  { name: 'CR LF ends a line', text: 'a\r\n\r\nb\r\n', lines: ['a', '', 'b'], rest: '' },
  { name: 'a CR inside stays', text: 'a\rb\n', lines: ['a\rb'], rest: '' },
  { name: 'exactly the limit', text: '12345678\n', lines: ['12345678'], rest: '' },
  { name: 'exactly the limit waits for its line feed', text: '12345678', lines: [], rest: '12345678' },
  { name: 'over the limit', text: '123456789\n', lines: ['12345678', '9'], pieces: [1, 1], rest: '' },
  {
    name: 'over the limit beside others',
    text: 'a\n123456789\nb\n',
    lines: ['a', '12345678', '9', 'b'],
    pieces: [0, 1, 1, 0],
    rest: '',
  },
  { name: 'over the limit without an end', text: '123456789', lines: ['12345678'], pieces: [1], rest: '9' },
  {
    name: 'the rest of a long line',
    text: '9\nb\n',
    midLine: true,
    lines: ['9', 'b'],
    pieces: [1, 0],
    rest: '',
  },
  { name: 'only the end of a long line', text: '\r\nb\n', midLine: true, lines: ['b'], rest: '' },
  {
    name: 'a piece ends between characters',
    text: '1234567é9\n',
    lines: ['1234567', 'é9'],
    pieces: [1, 1],
    rest: '',
  },
  {
    name: 'a rest of a long line at the end',
    text: '9',
    midLine: true,
    final: true,
    lines: ['9'],
    pieces: [1],
    rest: '',
  },
]

for (const { name, text, midLine = false, final = false, lines, pieces, rest } of cases) {
  test(`splits: ${name}`, () => {
    const bytes = Buffer.from(text)
    const split = new LineSplitter(MAX).split({ bytes, from: 0, midLine, final })
    assert.deepEqual(textsOf(bytes, split), lines)
    assert.deepEqual(split.pieces && [...split.pieces], pieces)
    assert.equal(bytes.toString('utf8', split.next), rest)
  })
}

test('bytes that are not UTF-8 are cut at the limit and kept as they are', () => {
  const bytes = Buffer.concat([Buffer.alloc(2 * MAX + 1, 0x80), Buffer.from('\n')])
  const split = new LineSplitter(MAX).split({ bytes, from: 0, midLine: false, final: false })
  assert.deepEqual([...split.ends], [MAX, 2 * MAX, 2 * MAX + 1])
})

test('however the bytes arrive, the lines are the same', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r\n', '€'), maxLength: 60 })
  fc.assert(
    fc.property(
      text,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 60 }),
      (all, steps) => {
        const bytes = Buffer.from(all)
        const splitter = new LineSplitter(MAX)
        const lines: string[] = []
        let next = 0
        let midLine = false
        let current = ''
        const take = (end: number, final: boolean) => {
          const chunk = bytes.subarray(next, end)
          const split = splitter.split({ bytes: chunk, from: 0, midLine, final })
          for (let i = 0; i < split.count; i++) {
            const part = chunk.toString('latin1', split.starts[i], split.ends[i])
            const isPiece = split.pieces?.[i] === 1
            // A piece starts a line unless one is open.
            current = isPiece ? current + part : part
            const end = next + split.ends[i]
            const isEnd =
              bytes[end] === 10 || (bytes[end] === 13 && bytes[end + 1] === 10) || end === bytes.length
            if (isEnd) {
              lines.push(current)
              current = ''
            }
          }
          next += split.next
          midLine = split.midLine
        }
        let end = 0
        for (const step of steps) take((end = Math.min(bytes.length, end + step)), false)
        take(bytes.length, true)
        const expected = bytes.toString('latin1').split(/\r?\n/)
        if (expected.at(-1) === '') expected.pop()
        assert.deepEqual(lines, expected)
      },
    ),
    { numRuns: 1000 },
  )
})

function textsOf(
  bytes: Buffer,
  { count, starts, ends }: { count: number; starts: Uint32Array; ends: Uint32Array },
) {
  return Array.from({ length: count }, (_, i) => bytes.toString('utf8', starts[i], ends[i]))
}

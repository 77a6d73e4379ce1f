import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, truncateSync, writeFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { bed } from './bed.fake.ts'
import { encodingOf } from './encoding.ts'

const LE_MARK = Buffer.from([0xff, 0xfe])
const BE_MARK = Buffer.from([0xfe, 0xff])
const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf])
const le = (text: string) => Buffer.from(text, 'utf16le')
const be = (text: string) => Buffer.from(text, 'utf16le').swap16()
const TEXT = 'one\r\nünï \u{1f600}\n\n\u0a0a \u0d0a\nlast\n'
const LINES = ['one', 'ünï \u{1f600}', '', '\u0a0a \u0d0a', 'last']

suite('encodings', () => {
  const files: readonly [string, string, Buffer, readonly string[]][] = [
    ['UTF-8', 'auto', Buffer.from(TEXT), LINES],
    ['UTF-8 with a mark', 'auto', Buffer.concat([UTF8_MARK, Buffer.from(TEXT)]), LINES],
    ['UTF-16 that its mark tells', 'auto', Buffer.concat([LE_MARK, le(TEXT)]), LINES],
    ['UTF-16 of the other order', 'auto', Buffer.concat([BE_MARK, be(TEXT)]), LINES],
    ['UTF-16 without a mark', 'utf-16le', le(TEXT), LINES],
    ['UTF-16 of the other order without a mark', 'utf-16be', be(TEXT), LINES],
    ['UTF-16 whose mark says another order', 'utf-16le', Buffer.concat([BE_MARK, be(TEXT)]), LINES],
    [
      'a mark in the middle, where a writer began anew',
      'auto',
      Buffer.concat([LE_MARK, le('a\n'), LE_MARK, le('b\n')]),
      ['a', 'b'],
    ],
    [
      'halves of pairs',
      'utf-16le',
      Buffer.concat([le('a'), Buffer.from([0x3d, 0xd8]), le('b\n')]),
      ['a\ufffdb'],
    ],
    ['Latin-1', 'latin1', Buffer.from('gr\xfc\xdfe \x80\nb\n', 'latin1'), ['grüße \u0080', 'b']],
    ['Windows-1252', 'windows-1252', Buffer.from('gr\xfc\xdfe \x80\nb\n', 'latin1'), ['grüße €', 'b']],
    ['Shift_JIS', 'shift_jis', Buffer.from('93fa967b0a8341835c0a', 'hex'), ['日本', 'アソ']],
  ]
  for (const [name, encoding, content, expected] of files) {
    test(`${name}, read at once`, async t => {
      const made = await bed(t, { config: { encoding } })
      writeFileSync(made.path('app.log'), content)
      await made.round()
      assert.deepEqual(made.texts, expected)
      assert.equal([...made.positions.values()][0].offset, content.length)
    })

    test(`${name}, torn at every byte, with a restart at each`, async t => {
      const made = await bed(t, { config: { encoding } })
      writeFileSync(made.path('app.log'), '')
      for (const byte of content) {
        appendFileSync(made.path('app.log'), Buffer.from([byte]))
        await made.restart()
        await made.round()
      }
      assert.deepEqual(made.texts, expected)
    })
  }

  test('half a unit at the end of a finished file is no text', async t => {
    const made = await bed(t, { config: { encoding: 'utf-16le' } })
    writeFileSync(made.path('app.log'), Buffer.concat([le('a\nb'), Buffer.from([0x63])]))
    await made.tail.drain({ signal: new AbortController().signal } as Parameters<typeof made.tail.drain>[0])
    assert.deepEqual(made.texts, ['a', 'b\ufffd'])
  })

  test('one byte of a mark waits for the other', () => {
    assert.equal(encodingOf('auto', Buffer.from([0xff])), undefined)
    assert.equal(encodingOf('auto', UTF8_MARK.subarray(0, 2)), undefined)
    assert.deepEqual(encodingOf('auto', Buffer.from('x')), { name: 'utf-8', markBytes: 0 })
    assert.deepEqual(encodingOf('latin1', LE_MARK), { name: 'latin1', markBytes: 0 })
  })

  test('lines that are too long are cut between characters', async t => {
    const made = await bed(t, { config: { encoding: 'utf-16le', maxLine: '1KiB' }, readBytes: 600 })
    const text = `x${'\u{1f600}'.repeat(700)}`
    writeFileSync(made.path('app.log'), le(`${text}\nb\n`))
    await made.round()
    assert.equal(made.texts.slice(0, -1).join(''), text)
    assert.ok(made.received.slice(0, -1).every(({ piece }) => piece))
    assert.equal(made.texts.at(-1), 'b')
  })

  test('reading from the end begins at a whole line', async t => {
    for (const [encoding, write] of [
      ['utf-16le', le],
      ['utf-16be', be],
    ] as const) {
      const made = await bed(t, {
        config: { encoding, startAt: 'end' },
        before: made => writeFileSync(made.path('app.log'), write('old\u0a0a\n\u0a61 half')),
      })
      appendFileSync(made.path('app.log'), write(' done\nnew\n'))
      await made.round()
      assert.deepEqual(made.texts, ['\u0a61 half done', 'new'])
    }
  })

  test('zeros that copytruncate leaves before UTF-16 are no text', async t => {
    const made = await bed(t, { config: { encoding: 'utf-16be' } })
    const path = made.path('app.log')
    writeFileSync(path, be('one\ntwo\n'))
    await made.round()
    copyFileSync(path, made.path('app.log.1'))
    truncateSync(path)
    await made.round()
    writeFileSync(path, Buffer.concat([Buffer.alloc(64), be('three\n')]))
    await made.round()
    assert.deepEqual(made.texts, ['one', 'two', 'three'])
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AgeError } from './error.ts'
import { parseHeader } from './header.ts'

const mac = `--- ${Buffer.alloc(32).toString('base64').replace(/=/g, '')}`
const header = (...lines: string[]) => Buffer.from(`age-encryption.org/v1\n${lines.join('\n')}\n`)
const full = 'A'.repeat(64)

test('stanzas have a type, arguments and a body over several lines', () => {
  const file = Buffer.concat([
    header('-> X25519 abc', full, 'AAAA', '-> other a b', full, '', mac),
    Buffer.from('rest'),
  ])
  const { stanzas, endBytes, signedBytes } = parseHeader(file)
  assert.deepEqual(
    stanzas.map(({ type, args, body }) => [type, args, body.length]),
    [
      ['X25519', ['abc'], 51],
      ['other', ['a', 'b'], 48],
    ],
  )
  assert.equal(file.toString('latin1', endBytes), 'rest')
  assert.ok(file.toString('latin1', 0, signedBytes).endsWith('\n---'))
})

const refused: [string, Buffer, AgeError['reason']][] = [
  ['nothing', Buffer.alloc(0), 'foreign'],
  ['another file', Buffer.from('secret: x\n'), 'foreign'],
  ['one long line', Buffer.alloc(300_000, 'a'), 'foreign'],
  ['a later version', Buffer.from('age-encryption.org/v2\n'), 'unknown_version'],
  ['no stanza', header(mac), 'damaged'],
  ['no end', header('-> X25519 abc', 'AAAA'), 'damaged'],
  ['a stanza without a type', header('->', 'AAAA', mac), 'damaged'],
  ['two blanks', header('-> X25519  abc', 'AAAA', mac), 'damaged'],
  ['a body without its short last line', header('-> X25519 abc', full, mac), 'damaged'],
  ['a body with padding', header('-> X25519 abc', 'AA==', mac), 'damaged'],
  ['a body of another writing', header('-> X25519 abc', 'AB', mac), 'damaged'],
  ['a long line', header('-> X25519 abc', `${full}A`, mac), 'damaged'],
  ['a short MAC', header('-> X25519 abc', 'AAAA', '--- AAAA'), 'damaged'],
  ['no MAC', header('-> X25519 abc', 'AAAA', '---'), 'damaged'],
]
for (const [what, file, reason] of refused)
  test(`a file with ${what} is refused`, () =>
    assert.throws(
      () => parseHeader(file),
      (error: unknown) => error instanceof AgeError && error.reason === reason,
    ))

test('any bytes are read or refused in its own words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      try {
        parseHeader(Buffer.concat([Buffer.from('age-encryption.org/v1\n-> a\n'), bytes]))
      } catch (error) {
        assert.ok(error instanceof AgeError)
      }
    }),
  )
})

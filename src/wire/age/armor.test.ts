import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dearmor, isArmored } from './armor.ts'

const armored = (...lines: string[]) =>
  ['-----BEGIN AGE ENCRYPTED FILE-----', ...lines, '-----END AGE ENCRYPTED FILE-----'].join('\n')
const line = 'A'.repeat(64)

test('armor may have empty lines around it and the line ends of any system', () => {
  assert.equal(Buffer.from(dearmor(`\n ${armored('aGVsbG8=')}\n\n`)).toString(), 'hello')
  assert.equal(dearmor(armored(line, 'AAAA').replaceAll('\n', '\r\n')).length, 51)
  assert.equal(isArmored(`\n${armored('aGVsbG8=')}`), true)
  assert.equal(isArmored('age-encryption.org/v1\n'), false)
})

const damaged: [string, string][] = [
  ['no content', armored()],
  ['no end', armored('aGVsbG8=').replace('END', 'ENT')],
  ['a short line before the last', armored('AAAA', 'AAAA')],
  ['a long line', armored(`${line}AAAA`)],
  ['an empty last line', armored(line, '')],
  ['other characters', armored('aGV*bG8=')],
  ['no padding', armored('aGVsbG8')],
  ['bits that mean nothing', armored('aGVsbG9=')],
  ['something behind it', `${armored('aGVsbG8=')}\nmore`],
]
for (const [what, text] of damaged)
  test(`armor with ${what} is refused`, () => assert.throws(() => dearmor(text), /its armor is damaged/))

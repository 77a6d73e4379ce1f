import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Authority } from '../../../../../test/fakes/certificates.ts'
import { certificateIn } from './earlier-certificate.ts'

const authority = new Authority('a root')
const { cert, key } = authority.issue('shop.internal', ['shop.internal', '*.shop.internal'])
const other = authority.issue('shop.internal', ['shop.internal'])
const asked = new Map([['common_name', 'shop.internal']])

test('key, certificate and authority of a file are what the engine gave', () => {
  const found = certificateIn(`# made by a template\n${key}${cert}${authority.cert}`, asked)!
  assert.equal(String(found.data.get('certificate')).trim(), cert.trim())
  assert.equal(String(found.data.get('private_key')).trim(), key.trim())
  assert.equal(String(found.data.get('issuing_ca')).trim(), authority.cert.trim())
  assert.equal(found.timing.kind, 'expires')
})

const rows: [string, string | undefined, [string, string][]][] = [
  ['no file', undefined, []],
  ['an empty file', '', []],
  ['a certificate without its key', cert, []],
  ['a key without its certificate', key, []],
  ['the key of another one', other.key + cert, []],
  ['two certificates', key + cert + other.cert, []],
  ['a certificate that is cut', key + cert.slice(0, cert.length / 2), []],
  ['a damaged certificate', key + cert.replace(/MII./, 'AAAA'), []],
  ['another name', key + cert, [['common_name', 'other.internal']]],
  ['one name more', key + cert, [['alt_names', '*.shop.internal, more.shop.internal']]],
  ['an address that it does not have', key + cert, [['ip_sans', '10.0.0.1']]],
]
for (const [name, text, more] of rows)
  test(`${name} is nothing to go on with`, () =>
    assert.equal(certificateIn(text, new Map([...asked, ...more])), undefined))

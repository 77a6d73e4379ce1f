import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { amzDate, canonicalRequest, type Hashes, type RequestToSign, sign, signingKey } from './sign.ts'

const hashes: Hashes = {
  sha256Hex: data => createHash('sha256').update(data).digest('hex'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
}
const keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
const timeMs = Date.UTC(2015, 7, 30, 12, 36, 0)
const service = { region: 'us-east-1', service: 'service', timeMs }
const vanilla: RequestToSign = {
  method: 'GET',
  path: '/',
  query: '',
  headers: { Host: 'example.amazonaws.com' },
  body: '',
}

describe('signature version 4', () => {
  const published = [
    {
      name: 'get-vanilla',
      request: vanilla,
      scope: service,
      signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
    },
    {
      name: 'get-vanilla-query-order-key-case',
      request: { ...vanilla, query: 'Param2=value2&Param1=value1' },
      scope: service,
      signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    },
    {
      name: 'post-vanilla',
      request: { ...vanilla, method: 'POST' },
      scope: service,
      signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    },
    {
      name: 'the ListUsers example of the user guide',
      request: {
        ...vanilla,
        query: 'Action=ListUsers&Version=2010-05-08',
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
          Host: 'iam.amazonaws.com',
        },
      },
      scope: { ...service, service: 'iam' },
      signature: '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    },
  ]
  for (const { name, request, scope, signature } of published) {
    test(`gives the published signature of ${name}`, () => {
      assert.match(sign(request, scope, keys, hashes)['authorization'], new RegExp(`Signature=${signature}$`))
    })
  }

  test('derives the signing key of the user guide', () => {
    const key = signingKey(keys.secretAccessKey, '20150830', 'us-east-1', 'iam', hashes)
    assert.equal(
      Buffer.from(key).toString('hex'),
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    )
  })

  test('signs the session token and hands it back as a header', () => {
    const added = sign(vanilla, service, { ...keys, sessionToken: 'token' }, hashes)
    assert.equal(added['x-amz-security-token'], 'token')
    assert.match(added['authorization'], /SignedHeaders=host;x-amz-date;x-amz-security-token,/)
  })

  const spellings = [
    { what: 'dot segments', path: '/a/./b/../c', query: '', canonical: ['/a/c', ''] },
    { what: 'a climb above the root', path: '/../', query: '', canonical: ['/', ''] },
    { what: 'doubled slashes', path: '//a//b/', query: '', canonical: ['/a/b/', ''] },
    { what: 'an encoded path, encoded again', path: '/a%20b', query: '', canonical: ['/a%2520b', ''] },
    {
      what: 'parameters by name, then value',
      path: '/',
      query: 'b=2&a=2&a=1',
      canonical: ['/', 'a=1&a=2&b=2'],
    },
    { what: 'a parameter without value', path: '/', query: 'x', canonical: ['/', 'x='] },
    {
      what: 'reserved characters of a value',
      path: '/',
      query: "a=(*)'!/",
      canonical: ['/', 'a=%28%2A%29%27%21%2F'],
    },
  ]
  for (const { what, path, query, canonical } of spellings) {
    test(`spells ${what} canonically`, () => {
      const lines = canonicalRequest({ ...vanilla, path, query }, hashes).split('\n')
      assert.deepEqual(lines.slice(1, 3), canonical)
    })
  }

  test('folds blanks in header values and sorts the names', () => {
    const headers = { 'X-B': '  two   blanks ', 'X-A': '1', Host: 'h' }
    const lines = canonicalRequest({ ...vanilla, headers }, hashes).split('\n')
    assert.deepEqual(lines.slice(3, 8), ['host:h', 'x-a:1', 'x-b:two blanks', '', 'host;x-a;x-b'])
  })

  test('depends on every byte of the body and every header', () => {
    const of = (request: RequestToSign) => sign(request, service, keys, hashes)['authorization']
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (body, at) => {
        const other = body.slice()
        other[at % body.length] ^= 1
        assert.notEqual(of({ ...vanilla, body }), of({ ...vanilla, body: other }))
      }),
    )
    assert.notEqual(of(vanilla), of({ ...vanilla, headers: { Host: 'example.com' } }))
  })

  test('writes the moment in the basic ISO format', () => {
    assert.equal(amzDate(timeMs), '20150830T123600Z')
  })
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Redaction } from './redaction.ts'

const redaction = new Redaction()

for (const [query, written] of [
  ['', ''],
  ['a=1&b=2', 'a=1&b=2'],
  ['token=abc', 'token=<redacted>'],
  ['a=1&access_token=abc&b=2', 'a=1&access_token=<redacted>&b=2'],
  ['ACCESS_TOKEN=abc', 'ACCESS_TOKEN=<redacted>'],
  ['%74oken=abc', '%74oken=<redacted>'],
  ['tok%65n=abc=def', 'tok%65n=<redacted>'],
  ['a=1;password=abc;b=2', 'a=1;password=<redacted>;b=2'],
  ['token', 'token'],
  ['mytoken=1&token=', 'mytoken=1&token=<redacted>'],
  ['%zz=1&sig=abc', '%zz=1&sig=<redacted>'],
  ['a&token=x&', 'a&token=<redacted>&'],
] as const)
  test(`the query "${query}" is written as "${written}"`, () => assert.equal(redaction.query(query), written))

test('a query without secrets stays as it is, whatever it looks like', () => {
  fc.assert(
    fc.property(fc.string(), query => {
      assert.equal(new Redaction([], ['no-such-parameter']).query(query), query)
    }),
  )
})

test('the value of a secret parameter is never written, whatever stands around it', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      const query = `${before}&token=s3cr3t-v4lu3&${after}`
      assert.equal(redaction.query(query).includes('s3cr3t-v4lu3'), false)
    }),
  )
})

test('fields are hidden in any case of their configured name', () => {
  assert.equal(new Redaction(['X-Mine']).hides('x-mine'), true)
  assert.equal(redaction.hides('authorization'), true)
  assert.equal(redaction.hides('accept'), false)
})

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { request } from '../../request-fake.ts'
import { AMBIGUOUS, findToken, type Place, removeTokens } from './place.ts'

const header: Place = { kind: 'header', config: 'Authorization' }
const own: Place = { kind: 'header', config: 'x-token' }
const cookie: Place = { kind: 'cookie', config: 'token' }
const query: Place = { kind: 'query', config: 'access_token' }

for (const [places, wanted, found, headersLeft, searchLeft] of [
  [[header], { headers: { authorization: 'Bearer abc' } }, 'abc', [], ''],
  [[header], { headers: { authorization: 'bEARER  abc ' } }, 'abc', [], ''],
  [[header], { headers: { authorization: 'Basic abc' } }, undefined, ['authorization', 'Basic abc'], ''],
  [[header], { headers: { authorization: 'Bearerabc' } }, undefined, ['authorization', 'Bearerabc'], ''],
  [[header], { headers: { authorization: ['Bearer a', 'Bearer b'] } }, AMBIGUOUS, [], ''],
  [[header], { headers: { authorization: ['Basic a', 'Bearer b'] } }, 'b', ['authorization', 'Basic a'], ''],
  [[own], { headers: { 'X-Token': 'abc' } }, 'abc', [], ''],
  [[cookie], { headers: { cookie: 'a=1; token="abc"; b=2' } }, 'abc', ['cookie', 'a=1; b=2'], ''],
  [[cookie], { headers: { cookie: 'token=abc' } }, 'abc', [], ''],
  [[cookie], { headers: { cookie: ['a=1', 'token=abc'] } }, 'abc', ['cookie', 'a=1'], ''],
  [[cookie], { headers: { cookie: 'token=a; token=b' } }, AMBIGUOUS, [], ''],
  [[cookie], { headers: { cookie: 'mytoken=a' } }, undefined, ['cookie', 'mytoken=a'], ''],
  [[query], { search: 'a=1&access_token=abc&b=2' }, 'abc', [], 'a=1&b=2'],
  [[query], { search: 'access%5ftoken=abc' }, 'abc', [], ''],
  [[query], { search: 'access_token=a&access%5Ftoken=b' }, AMBIGUOUS, [], ''],
  [[query], { search: 'a=%zz&%zz' }, undefined, [], 'a=%zz&%zz'],
  [[header, query], { headers: { authorization: 'Bearer a' }, search: 'access_token=a&x' }, 'a', [], 'x'],
  [[header, query], { headers: { authorization: 'Bearer a' }, search: 'access_token=b' }, AMBIGUOUS, [], ''],
] as const) {
  const name = `${places.map(place => place.config)}: ${JSON.stringify(wanted)}`
  describe(name, () => {
    test('is found', () => assert.equal(findToken(request(wanted), places), found))
    test('is taken out', () => {
      const { headers, search } = request(wanted)
      assert.equal(removeTokens(places, headers, search), searchLeft)
      assert.deepEqual(headers.raw, headersLeft)
    })
  })
}

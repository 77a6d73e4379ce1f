import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkElasticsearch, elasticsearchConfig } from './config.ts'

function check(fields: object): string[] {
  const decoded = elasticsearchConfig.decode({ url: 'https://es:9200', ...fields })
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return checkElasticsearch(decoded.value).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the configuration of the elasticsearch output', () => {
  const good = [
    {},
    { index: 'logs-%Y.%m.%d' },
    { dataStream: 'logs-app-prod' },
    { apiKey: 'key' },
    { username: 'me', password: 'secret' },
    { tls: { ca: 'ca.pem', cert: 'me.pem', key: 'me.key', serverName: 'es' } },
  ]
  for (const fields of good) {
    test(`takes ${JSON.stringify(fields)}`, () => assert.deepEqual(check(fields), []))
  }

  const bad: [object, RegExp][] = [
    [{ index: 'a', dataStream: 'logs-a-b' }, /^dataStream: .*got both/],
    [{ apiKey: 'k', username: 'u', password: 'p' }, /^apiKey: .*one way to authenticate/],
    [{ username: 'u' }, /^username: `password` is missing/],
    [{ password: 'p' }, /^password: `username` is missing/],
    [{ url: 'http://u:p@es:9200' }, /^url: expected a URL without credentials/],
    [{ url: 'http://es:9200/?pretty' }, /^url: expected a URL without a query/],
    [{ url: 'http://es:9200', tls: {} }, /^tls: .*no effect/],
    [{ tls: { cert: 'me.pem' } }, /^tls: `cert` and `key` belong together/],
    [{ index: 'logs-%y' }, /^index: expected %Y, %m, %d or %H, got "%y"/],
    [{ index: 'Logs' }, /^index: expected a name in lower case/],
    [{ index: 'a b' }, /^index: expected a name without any of/],
    [{ index: '-a' }, /^index: expected a name that begins with a letter/],
    [{ dataStream: 'logs-%d' }, /^dataStream: expected a name without any of/],
  ]
  for (const [fields, says] of bad) {
    test(`refuses ${JSON.stringify(fields)}`, () => {
      const problems = check(fields)
      assert.equal(problems.length, 1, problems.join('\n'))
      assert.match(problems[0], says)
      assert.doesNotMatch(problems[0], /u:p@/)
    })
  }
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { HttpAuth } from './auth.ts'
import { authConfig, checkHttpOutput } from './options.ts'

function decode(fields: object) {
  const decoded = authConfig.decode(fields)
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

describe('authentication of HTTP outputs', () => {
  const table = [
    [
      { username: 'a', password: 'b:c' },
      { authorization: `Basic ${btoa('a:b:c')}` },
      'check k.auth.username and k.auth.password',
    ],
    [{ bearer: 't' }, { authorization: 'Bearer t' }, 'check k.auth.bearer'],
  ] as const
  for (const [fields, headers, mend] of table) {
    test(`by ${Object.keys(fields).join(' and ')}`, async () => {
      const auth = new HttpAuth(decode(fields), 'k.auth', new FakeClock())
      assert.deepEqual(await auth.headers(), { headers })
      assert.equal(auth.mend, mend)
    })
  }

  test('is none when none is configured', async () => {
    const auth = new HttpAuth(undefined, 'k.auth', new FakeClock())
    assert.deepEqual(await auth.headers(), { headers: {} })
    assert.equal(auth.mend, 'set k.auth')
  })

  test('reads a token file again when it has changed, and at once when the token is refused', async t => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-auth-'))
    t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
    const path = join(folder, 'token')
    const clock = new FakeClock()
    const auth = new HttpAuth(decode({ bearerFile: path }), 'k.auth', clock)
    const missing = await auth.headers()
    assert.match('failure' in missing ? missing.failure.reason : '', /k\.auth\.bearerFile cannot be read/)
    await writeFile(path, 'one\n')
    assert.deepEqual(await auth.headers(), { headers: { authorization: 'Bearer one' } })
    await writeFile(path, 'three')
    assert.deepEqual(await auth.headers(), { headers: { authorization: 'Bearer one' } })
    await clock.elapse(10_000)
    assert.deepEqual(await auth.headers(), { headers: { authorization: 'Bearer three' } })
    await writeFile(path, 'fourth')
    auth.forget()
    assert.deepEqual(await auth.headers(), { headers: { authorization: 'Bearer fourth' } })
  })

  const faults = [
    [{ auth: {} }, /expected a way/],
    [{ auth: { username: 'a' } }, /`password` is missing/],
    [{ auth: { password: 'a' } }, /`username` is missing/],
    [{ auth: { username: 'a', password: 'b', bearer: 'c' } }, /got username and bearer/],
    [{ url: 'http://a:b@c' }, /without credentials/],
    [{ url: 'http://c/?d' }, /without a query/],
  ] as const
  for (const [config, message] of faults) {
    test(`${JSON.stringify(config)} is a mistake`, () => {
      const { url } = config as { url?: string }
      const auth = 'auth' in config ? decode(config.auth) : undefined
      assert.match(checkHttpOutput({ url, auth })[0]?.message ?? '', message)
    })
  }
})

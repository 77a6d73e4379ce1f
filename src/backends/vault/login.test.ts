import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Refusal } from '../../../test/fakes/vault/answers.ts'
import { startFakeVault, type VaultFault } from '../../../test/fakes/vault/server.ts'
import type { TokenSpec } from '../../../test/fakes/vault/tokens.ts'
import { turn } from '../../../test/fakes/vault/turning.ts'
import { Secret } from '../../kernel/config/secret.ts'
import { fakeHost } from '../../kernel/host-fake.ts'
import type { AuthMethod } from './auth/method.ts'
import { givenTokenMethod } from './auth/token.ts'
import { userpassMethod } from './auth/userpass.ts'
import { VaultClient } from './client.ts'
import { VaultLogin } from './login.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const MARK = 'marked-password'

async function world(t: TestContext, token: TokenSpec, method?: AuthMethod) {
  const host = fakeHost()
  const vault = await startFakeVault(host.clock)
  t.after(async () => {
    await host.close()
    await vault.close()
  })
  vault.state.logins.user('joe', MARK, token)
  const client = new VaultClient(
    {
      address: vault.url,
      namespace: undefined,
      tls: undefined,
      timeoutMs: 60_000,
      maxConnections: 4,
      limit: { requestsPerSecond: 20, burst: 100 },
      key: 'vault',
    },
    host,
  )
  const outcomes: string[] = []
  const doubts: number[] = []
  const tokens: string[] = []
  const login = new VaultLogin({
    client,
    method:
      method ??
      userpassMethod({
        username: 'joe',
        password: new Secret(MARK),
        mount: 'userpass',
        removePasswordFile: false,
        followLinks: false,
      }),
    clock: host.clock,
    log: host.log,
    random: () => 0.5,
    signal: host.signal,
    minBackoffMs: SECOND,
    maxBackoffMs: 5 * MINUTE,
    onOutcome: (what, failed) => outcomes.push(`${what} ${failed ? 'failed' : 'ok'}`),
  })
  host.scope.use(login)
  login.listen({ onDoubt: endsInMs => doubts.push(endsInMs), onToken: held => tokens.push(held.token) })
  const pass = (ms: number) => turn(host.clock, ms, vault)
  const start = async () => {
    login.start()
    await pass(1)
  }
  const logins = () => vault.counts.get('login') ?? 0
  const renewals = () => vault.counts.get('token renew-self') ?? 0
  return { host, vault, client, login, outcomes, doubts, tokens, pass, start, logins, renewals }
}

test('a token is renewed until its greatest time, and another one is there while it still lives', async t => {
  const { start, pass, login, vault, logins, renewals, doubts } = await world(t, {
    ttl: 3600,
    maxTtl: 4 * 3600,
  })
  await start()
  let least = Number.POSITIVE_INFINITY
  for (let minute = 0; minute < 24 * 60; minute += 5) {
    await pass(5 * MINUTE)
    least = Math.min(least, login.remainingMs())
    assert.ok(
      vault.state.tokens.find(login.held!.token),
      'the token that is held is one that the server knows',
    )
  }
  assert.ok(least > 0.05 * HOUR, `${least} ms were left`)
  assert.ok(logins() <= 8 && renewals() <= 60, `${logins()} logins, ${renewals()} renewals`)
  assert.ok(doubts.length === logins() - 1 && doubts.every(ms => ms > 0), `${doubts}`)
})

test('a token that cannot be renewed is replaced at 85 to 95 % of its time', async t => {
  const { start, pass, logins, renewals } = await world(t, { ttl: 3600, type: 'batch' })
  await start()
  await pass(0.89 * HOUR)
  assert.equal(logins(), 1)
  await pass(0.02 * HOUR)
  assert.equal(logins(), 2)
  assert.equal(renewals(), 0)
})

test('a token without an end is neither renewed nor replaced', async t => {
  const { start, pass, login, logins, renewals } = await world(t, { ttl: 0 })
  await start()
  await pass(48 * HOUR)
  assert.deepEqual([logins(), renewals(), login.held !== undefined], [1, 0, true])
})

test('a periodic token is renewed for ever', async t => {
  const { start, pass, logins, renewals } = await world(t, { period: 3600 })
  await start()
  await pass(48 * HOUR)
  assert.equal(logins(), 1)
  assert.ok(renewals() >= 48)
})

test('while the server is away a living token is kept, and nobody logs in', async t => {
  const { start, pass, vault, login, logins, doubts, outcomes } = await world(t, { ttl: 3600 })
  await start()
  const { token } = login.held!
  await pass(39 * MINUTE)
  vault.isAway = true
  await pass(15 * MINUTE)
  assert.equal(login.held?.token, token)
  assert.match(login.problem ?? '', /renewal of the token/)
  vault.isAway = false
  await pass(5 * MINUTE)
  assert.deepEqual([login.held?.token, login.problem, logins(), doubts], [token, undefined, 1, []])
  assert.ok(outcomes.filter(each => each === 'renewal failed').length < 10, outcomes.join())
})

test('an outage that outlives the token ends in a few logins, and whoever holds leases is told', async t => {
  const { start, pass, vault, login, logins, doubts } = await world(t, { ttl: 600 })
  await start()
  vault.isAway = true
  await pass(HOUR)
  assert.equal(login.held, undefined)
  assert.deepEqual(doubts, [0])
  assert.ok(logins() < 30, `${logins()} logins in an hour`)
  vault.isAway = false
  await pass(5 * MINUTE)
  assert.ok(login.held)
})

test('a renewal that is refused is not tried again: the next login comes at once, the old token lives on until then', async t => {
  for (const status of [403, 400]) {
    const { start, pass, vault, login, logins, renewals, doubts } = await world(t, { ttl: 3600 })
    await start()
    const { token } = login.held!
    vault.fail('token renew-self', { kind: 'refuse', refusal: new Refusal(status, ['permission denied']) })
    await pass(45 * MINUTE)
    assert.deepEqual([logins(), renewals()], [2, 1])
    assert.notEqual(login.held?.token, token)
    assert.ok(doubts.length === 1 && doubts[0]! > 15 * MINUTE, `${doubts}`)
  }
})

test('a token that the server has forgotten is noticed by the first refused request and replaced', async t => {
  const { start, pass, vault, login, doubts, logins } = await world(t, { ttl: 3600 })
  await start()
  const { token } = login.held!
  assert.equal(await login.refused(token), false, 'a request was refused, the token was not')
  vault.state.tokens.revoke(vault.state.tokens.find(token)!)
  await pass(5 * SECOND)
  assert.deepEqual(await Promise.all([login.refused(token), login.refused(token)]), [true, true])
  assert.deepEqual([logins(), doubts, login.held?.token === token], [2, [0], false])
})

const FAULTS: Readonly<Record<string, VaultFault>> = {
  'an error': { kind: 'status', status: 500, body: '{"errors":["internal error"]}' },
  'a page of a load balancer': { kind: 'status', status: 502, body: '<html>bad gateway</html>' },
  'a page instead of an answer': { kind: 'text', body: '<html>welcome</html>' },
  'no object': { kind: 'text', body: '[1,2]' },
  'an answer without a token': { kind: 'text', body: '{"auth":{"client_token":7}}' },
  'a tower of brackets': { kind: 'text', body: '['.repeat(200_000) },
  'a reset before the work': { kind: 'reset', when: 'before' },
  'a reset after the work': { kind: 'reset', when: 'after' },
  'an answer cut short': { kind: 'cut' },
  'an answer that does not end': { kind: 'endless' },
  'no answer at all': { kind: 'hang' },
  'too many requests': {
    kind: 'status',
    status: 429,
    headers: { 'retry-after': '7' },
    body: '{"errors":["quota"]}',
  },
  'a sealed server': { kind: 'refuse', refusal: new Refusal(503, ['Vault is sealed']) },
}

for (const [name, fault] of Object.entries(FAULTS))
  test(`a login that meets ${name} is tried again, and says why without a value`, async t => {
    const { start, pass, vault, login, host } = await world(t, { ttl: 3600 })
    vault.fail('login', fault, 2)
    await start()
    for (let tries = 0; tries < 200 && login.problem === undefined; tries++) await pass(SECOND)
    assert.match(login.problem ?? '', /^login by userpass: /)
    for (let tries = 0; tries < 200 && login.held === undefined; tries++) await pass(SECOND)
    assert.ok(login.held)
    assert.equal(login.problem, undefined)
    assert.doesNotMatch(JSON.stringify(host.log.records), new RegExp(`${MARK}|${login.held.token}`))
  })

test('a token with a limited number of uses is refused with the way out', async t => {
  const { start, login } = await world(t, { ttl: 3600, uses: 5 })
  await start()
  assert.match(login.problem!, /may be used 5 times only.*token_num_uses/)
  await assert.rejects(login.token(AbortSignal.timeout(1000)), /token_num_uses/)
})

test('a given token whose only use was the question what it is, is refused, too', async t => {
  const given = { token: '' }
  const method = givenTokenMethod({ token: { reveal: () => given.token } as Secret })
  const { start, vault, login } = await world(t, {}, method)
  given.token = vault.state.tokens.create({ ttl: 3600, uses: 1 }).id
  await start()
  assert.match(login.problem!, /may be used a few times only/)
})

test('a wrong password is told in the server’s words', async t => {
  const method = userpassMethod({
    username: 'joe',
    password: new Secret('other'),
    mount: 'userpass',
    removePasswordFile: false,
    followLinks: false,
  })
  const { start, login, pass, logins } = await world(t, {}, method)
  await start()
  assert.match(login.problem!, /invalid username or password \(400\)/)
  await pass(HOUR)
  assert.ok(logins() < 25, `${logins()} logins in an hour`)
})

test('a given token is asked for what it is, and is renewed', async t => {
  const spec = { ttl: 3600, policies: ['default'] }
  const given = { token: '' }
  const method = givenTokenMethod({ token: { reveal: () => given.token } as Secret })
  const { start, vault, login, pass, renewals } = await world(t, spec, method)
  given.token = vault.state.tokens.create(spec).id
  await start()
  assert.equal(login.held?.token, given.token)
  await pass(HOUR)
  assert.ok(renewals() >= 1)
  assert.equal(login.held?.token, given.token)
})

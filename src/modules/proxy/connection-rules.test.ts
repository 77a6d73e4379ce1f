import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { fakeAccess } from './access/access-fake.ts'
import { backendsEachTest, decodedProxy, startConfigured, startProxy } from './proxy-fake.ts'
import { request } from './request-fake.ts'

const backend = backendsEachTest()

const access = (...rules: object[]) => ({ access: { rules } })
/** All but what the rule denies. */
const but = (rule: object) => ({
  access: { rules: [{ name: 'not', action: 'deny', ...rule }], otherwise: 'allow' },
})
const here = { addresses: ['127.0.0.0/8'] }
const SAID = '\0\x01'

/** Whether a connection that says this comes to the backend. */
async function passes(listener: object, said = SAID): Promise<boolean> {
  const back = await backend()
  await using proxy = await startProxy([back.address], listener)
  const client = await proxy.client()
  client.say(said)
  const passed = back.next().then(peer => peer.hears(({ heard }) => heard === said))
  return await Promise.race([passed.then(() => true), client.end().then(() => false)])
}

describe('access rules hold for connections that are passed on', () => {
  const allowHere = { name: 'here', action: 'allow', from: [here] }
  const there = { addresses: ['10.0.0.0/8'] }
  const denyThere = { name: 'not', action: 'deny', from: [there] }
  const allowThere = { name: 'far', action: 'allow', from: [{ addresses: ['192.0.2.0/24'] }] }
  const table: [what: string, listener: object, passed: boolean][] = [
    ['an address that a rule allows', access(allowHere), true],
    ['another one', access({ name: 'there', action: 'allow', from: [there] }), false],
    ['an address that a rule denies', but({ from: [here] }), false],
    ['another port than the one that is denied', but({ to: [{ ports: [5432] }] }), true],
    ['what no rule matches beside a rule that denies', access(denyThere, allowThere), false],
    ['what an audit rule alone matches', access({ name: 'see', action: 'audit', from: [here] }), true],
  ]
  for (const protocol of ['tcp', 'auto'])
    for (const [what, listener, passed] of table)
      test(`${protocol}: ${what} ${passed ? 'passes' : 'is refused'}`, async () => {
        assert.equal(await passes({ protocol, ...listener }), passed)
      })

  test('of each listener alone', async () => {
    const back = await backend()
    const listener = { listen: '127.0.0.1:0', protocol: 'tcp', upstream: 'back' }
    await using proxy = await startConfigured(
      decodedProxy({
        listeners: [
          { ...listener, name: 'guarded', ...access(allowThere) },
          { ...listener, name: 'open' },
        ],
        upstreams: { back: { endpoints: [{ address: back.address }] } },
      }),
    )
    await (await proxy.client(0)).end()
    const client = await proxy.client(1)
    client.say(SAID)
    await (await back.next()).hears(({ heard }) => heard === SAID)
    assert.equal(back.accepted.length, 1)
  })

  test('on a captured listener, so that a request in disguise is no way around them', async () => {
    const rule = { name: 'reads', action: 'allow', to: [{ methods: ['GET'] }] }
    const inbound = { upstream: undefined, inbound: { upstream: 'back' } }
    assert.equal(await passes({ ...inbound, ...access(rule) }), false)
    assert.equal(await passes({ ...inbound, ...access(allowHere) }), true)
  })

  test('and who is refused reads why in the log', async () => {
    const back = await backend()
    const rules = but({ name: 'not-here', from: [here] })
    await using proxy = await startProxy([back.address], { protocol: 'tcp', ...rules })
    await (await proxy.client()).end()
    const [denied] = proxy.host.log.of('denied')
    assert.match(denied!.message, /rule "not-here" denies it/)
    assert.equal(back.accepted.length, 0)
  })

  test('from a reload on', async () => {
    const back = await backend()
    await using proxy = await startProxy([back.address], { protocol: 'tcp' })
    const client = await proxy.client()
    client.say(SAID)
    await (await back.next()).hears(({ heard }) => heard === SAID)
    const rules = but({ from: [here] })
    assert.equal(await proxy.running.update!(proxy.configured(rules)), true)
    await (await proxy.client()).end()
    assert.equal(back.accepted.length, 1)
  })
})

describe('of what only HTTP would tell', () => {
  const paths = { to: [{ paths: ['/admin/*'] }] }
  const allow = (rule: object) => access({ name: 'a', action: 'allow', ...rule })
  const table: [what: string, config: { access: object }, code: string | undefined][] = [
    ['a rule that allows does not match', allow(paths), 'denied'],
    ['a rule that denies matches without it', but(paths), 'denied'],
    [
      'a rule that denies still looks at the rest',
      but({ from: [{ addresses: ['192.0.2.0/24'] }], ...paths }),
      undefined,
    ],
    ['a rule that denies all but a method matches', but({ to: [{ notMethods: ['GET'] }] }), 'denied'],
    ['an audit rule does not match', access({ name: 'a', action: 'audit', ...paths }), undefined],
    ['a claim is nothing that it has', allow({ when: [{ header: 'x', notValues: ['y'] }] }), 'denied'],
    [
      'a token is nothing that it has',
      { access: { jwt: { issuers: [{ issuer: 'i', keys: { file: 'a' } }] } } },
      'unauthenticated',
    ],
  ]
  for (const [what, config, code] of table)
    test(what, async () => {
      const { access, host } = fakeAccess(config.access)
      const verdict = await access.decideConnection(request({ method: '' }))
      await host.close()
      assert.equal(verdict.refusal?.code, code)
    })
})

test('limits count a connection that is passed on as one request', async () => {
  const back = await backend()
  const clock = new FakeClock()
  const limits = [{ name: 'few', rate: '2/m', per: 'address' }]
  await using proxy = await startProxy([back.address], { protocol: 'tcp', limits }, clock)
  for (let count = 0; count < 2; count++) {
    await proxy.client()
    await back.next()
  }
  await (await proxy.client()).end()
  assert.equal(back.accepted.length, 2)
  assert.equal(proxy.host.log.of('rate_limited').length, 1)
  clock.advance(30_000)
  await proxy.client()
  await back.next()
})

import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { fakeAccess } from './access/access-fake.ts'
import { type RawBackend, rawBackend, startProxy } from './proxy-fake.ts'
import { request } from './request-fake.ts'

const open: RawBackend[] = []
afterEach(() => {
  for (const backend of open.splice(0)) backend.close()
})

async function backend(): Promise<RawBackend> {
  const made = await rawBackend()
  open.push(made)
  return made
}

const access = (...rules: object[]) => ({ access: { rules } })
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
  const table: [what: string, rules: object[], passed: boolean][] = [
    ['an address that a rule allows', [allowHere], true],
    ['another one', [{ name: 'there', action: 'allow', from: [{ addresses: ['10.0.0.0/8'] }] }], false],
    ['an address that a rule denies', [{ name: 'not', action: 'deny', from: [here] }], false],
    [
      'another port than the one that is denied',
      [{ name: 'p', action: 'deny', to: [{ ports: [5432] }] }],
      true,
    ],
    [
      'an identity that is asked for, without one',
      [{ name: 'who', action: 'allow', from: [{ identities: ['spiffe://a/**'] }] }],
      false,
    ],
  ]
  for (const protocol of ['tcp', 'auto'])
    for (const [what, rules, passed] of table)
      test(`${protocol}: ${what} ${passed ? 'passes' : 'is refused'}`, async () => {
        assert.equal(await passes({ protocol, ...access(...rules) }), passed)
      })

  test('on a captured listener, so that a request in disguise is no way around them', async () => {
    const rule = { name: 'reads', action: 'allow', to: [{ methods: ['GET'] }] }
    const inbound = { upstream: undefined, inbound: { upstream: 'back' } }
    assert.equal(await passes({ ...inbound, ...access(rule) }), false)
    assert.equal(await passes({ ...inbound, ...access(allowHere) }), true)
  })

  test('and who is refused reads why in the log', async () => {
    const back = await backend()
    const rules = access({ name: 'not-here', action: 'deny', from: [here] })
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
    const rules = access({ name: 'not', action: 'deny', from: [here] })
    assert.equal(await proxy.running.update!(proxy.configured(rules)), true)
    await (await proxy.client()).end()
    assert.equal(back.accepted.length, 1)
  })
})

describe('of what only HTTP would tell', () => {
  const paths = { to: [{ paths: ['/admin/*'] }] }
  const table: [what: string, rules: object[], code: string | undefined][] = [
    ['a rule that allows does not match', [{ name: 'a', action: 'allow', ...paths }], 'denied'],
    ['a rule that denies matches without it', [{ name: 'a', action: 'deny', ...paths }], 'denied'],
    [
      'a rule that denies still looks at the rest',
      [{ name: 'a', action: 'deny', from: [{ addresses: ['192.0.2.0/24'] }], ...paths }],
      undefined,
    ],
    [
      'a rule that denies all but a method matches',
      [{ name: 'a', action: 'deny', to: [{ notMethods: ['GET'] }] }],
      'denied',
    ],
    ['an audit rule does not match', [{ name: 'a', action: 'audit', ...paths }], undefined],
    [
      'a claim is nothing that it has',
      [{ name: 'a', action: 'allow', when: [{ header: 'x', notValues: ['y'] }] }],
      'denied',
    ],
  ]
  for (const [what, rules, code] of table)
    test(what, async () => {
      const { access, host } = fakeAccess({ rules })
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

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { clientOf } from '../../../../test/fakes/apiserver/connected.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import { certificatesOf } from './authority-state.ts'
import { NAMESPACE, SECRET, TestCluster } from './cluster-fake.ts'

const DAY_MS = 24 * 3600_000

async function started(t: TestContext) {
  const cluster = await TestCluster.start()
  t.after(() => cluster[Symbol.asyncDispose]())
  return cluster
}

async function trusted(cluster: TestCluster): Promise<number> {
  return certificatesOf((await cluster.bundles())[1]!).length
}

test('the first leader makes the authority, the API server believes the webhook, and other webhooks are left alone', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  const secret = await cluster.secret()
  assert.deepEqual(Object.keys(secret).sort(), ['ca.crt', 'signer.crt', 'signer.key'])
  const [foreign, own] = await cluster.bundles()
  assert.equal(foreign, '')
  assert.equal(own, secret['ca.crt'])
  const { notBeforeMs, notAfterMs } = a.certificates.current()!
  assert.ok(notAfterMs - notBeforeMs <= DAY_MS + 60_000, 'a certificate lives a day')
})

test('every replica has a key of its own, and follows the Secret without leading', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  await cluster.until(() => a.leading, 'a leads')
  const b = cluster.replica('b')
  await cluster.until(() => b.certificates.current() !== undefined, 'b has a certificate')
  assert.equal(b.leading, false)
  cluster.show(b)
  await cluster.until(() => cluster.admits(), 'b is believed')
  assert.notEqual(a.certificates.current()!.key, b.certificates.current()!.key)
})

test('certificates are renewed and the authority is replaced without a moment in which the webhook is not believed', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  const first = (await cluster.secret())['signer.crt']
  let renewed = 0
  a.certificates.onChange(() => renewed++)
  let overlapped = false
  // Eight days in steps of four hours; the authority is announced after six, and used a minute later.
  await cluster.pass(8 * DAY_MS, DAY_MS / 6, async () => {
    await cluster.until(() => cluster.admits(), 'the webhook is still believed')
    const signs = async () => !('next.crt' in (await cluster.secret())) && cluster.admits()
    await cluster.until(signs, 'what is announced signs')
    overlapped ||= (await trusted(cluster)) === 2
  })
  assert.ok(renewed >= 7, `only ${renewed} renewals`)
  assert.equal(overlapped, true)
  const last = (await cluster.secret())['signer.crt']
  assert.notEqual(last, first)
  // The old one goes when it has expired.
  await cluster.pass(2 * DAY_MS, DAY_MS / 6)
  await cluster.until(async () => (await trusted(cluster)) === 1, 'the old authority is trusted no more')
  assert.equal(await cluster.admits(), true)
})

test('nothing is signed by a new authority before it is trusted', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  const before = await cluster.secret()
  // Nobody can write the webhook configurations.
  cluster.api.faults.decide = ({ wish }) =>
    wish && 'resource' in wish && wish.resource === 'mutatingwebhookconfigurations' && wish.verb === 'patch'
      ? { kind: 'status', status: 500 }
      : undefined
  await cluster.pass(6.5 * DAY_MS, DAY_MS / 2)
  await cluster.until(async () => 'next.crt' in (await cluster.secret()), 'a new authority is announced')
  await cluster.pass(10 * 60_000, 60_000)
  const during = await cluster.secret()
  assert.equal(during['signer.crt'], before['signer.crt'])
  assert.equal(await cluster.admits(), true)
  cluster.api.faults.decide = undefined
  await cluster.until(async () => !('next.crt' in (await cluster.secret())), 'the new authority signs')
  assert.equal((await cluster.secret())['signer.crt'], during['next.crt'])
  await cluster.until(() => cluster.admits(), 'the webhook is believed with it')
})

test('a caBundle that somebody has overwritten is mended', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  await cluster.install()
  assert.equal((await cluster.bundles())[1], '')
  await cluster.until(() => cluster.admits(), 'the webhook is believed again')
  assert.equal(cluster.log.of('ca_bundle_written').length, 2)
})

test('a Secret that was deleted or broken comes back with the same authority', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  const before = await cluster.secret()
  const admin = clientOf(cluster.api)
  t.after(async () => admin.close())
  const place = { namespace: NAMESPACE, name: SECRET }
  await admin.delete(RESOURCES.secrets, place)
  await cluster.until(async () => 'ca.crt' in (await cluster.secret()), 'the Secret is back')
  assert.deepEqual(await cluster.secret(), before)
  await admin.patch(RESOURCES.secrets, place, { merge: { data: { 'signer.key': 'AAAA' } } })
  await cluster.until(
    async () => (await cluster.secret())['signer.key'] === before['signer.key'],
    'the key is back',
  )
  assert.equal(await cluster.admits(), true)
})

test('an API server that is away for a day stops no renewal', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  await cluster.until(() => a.certificates.current() !== undefined, 'there is a certificate')
  const { notAfterMs } = a.certificates.current()!
  await cluster.api.goAway()
  await cluster.pass(1.5 * DAY_MS, DAY_MS / 8)
  assert.ok(a.certificates.current()!.notAfterMs > notAfterMs)
  assert.ok(a.certificates.current()!.notAfterMs > cluster.serverNow())
  await cluster.api.comeBack()
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed again')
})

for (const [what, jumpMs] of [
  ['forwards', 400 * DAY_MS],
  ['backwards', -400 * DAY_MS],
] as const)
  test(`a clock that jumps a year ${what} changes nothing: the API server's time counts`, async t => {
    const cluster = await started(t)
    const a = cluster.replica('a')
    cluster.show(a)
    await cluster.until(() => cluster.admits(), 'the webhook is believed')
    const before = await cluster.secret()
    cluster.clock.setWall(cluster.clock.now() + jumpMs)
    await cluster.pass(DAY_MS, DAY_MS / 4)
    assert.deepEqual(await cluster.secret(), before)
    await cluster.until(() => cluster.admits(), 'the webhook is still believed')
  })

test('two that both think they lead write one authority', async t => {
  const cluster = await started(t)
  // Both have found no Secret before one of them writes.
  let waiting = 0
  const both = Promise.withResolvers<void>()
  cluster.api.faults.decide = async ({ wish }) => {
    if (!wish || !('resource' in wish) || wish.resource !== 'secrets' || wish.verb !== 'create')
      return undefined
    if (++waiting === 2) both.resolve()
    await both.promise
    return undefined
  }
  const a = cluster.replica('a')
  await cluster.until(() => waiting === 1, 'a is about to write')
  // The Lease is forgotten: b leads while a still does.
  const admin = clientOf(cluster.api)
  t.after(async () => admin.close())
  await admin.delete(RESOURCES.leases, { namespace: NAMESPACE, name: 'outrigger-controller' })
  const b = cluster.replica('b')
  await cluster.until(
    () => a.certificates.current() !== undefined && b.certificates.current() !== undefined,
    'both have certificates',
  )
  for (const each of [a, b]) {
    cluster.show(each)
    await cluster.until(() => cluster.admits(), 'both are believed')
  }
})

/** Kills the leader at its `at`-th write about certificates of a rotation; false when there are not so many. */
async function killedAt(at: number, when: 'before' | 'after'): Promise<boolean> {
  await using cluster = await TestCluster.start()
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  const first = (await cluster.secret())['signer.crt']
  const rotated = async () => (await cluster.secret())['signer.crt'] !== first
  let writes = 0
  let dying: Promise<void> | undefined
  cluster.api.faults.decide = ({ method, wish }) => {
    if (!['POST', 'PUT', 'PATCH'].includes(method) || !wish || !('resource' in wish)) return undefined
    if (!/^(secrets|.*webhookconfigurations)$/.test(wish.resource) || ++writes !== at) return undefined
    dying = a.kill()
    return { kind: 'reset', when }
  }
  cluster.clock.advance(6.2 * DAY_MS)
  await cluster.until(async () => dying !== undefined || (await rotated()), 'a is killed or done')
  if (dying !== undefined) {
    await dying
    const b = cluster.replica('b')
    await cluster.until(() => b.certificates.current() !== undefined, 'b has a certificate')
    cluster.show(b)
    assert.equal(await cluster.admits(), true, `killed ${when} write ${at}: b is believed at once`)
    await cluster.until(rotated, `b finishes what was killed ${when} write ${at}`)
  }
  await cluster.until(() => cluster.admits(), 'the webhook is believed with the new authority')
  return dying !== undefined
}

for (const when of ['before', 'after'] as const)
  test(`a leader that is killed ${when} any write of a rotation leaves what the next one finishes`, async () => {
    let at = 1
    while (await killedAt(at, when)) at++
    assert.ok(at > 3, `a rotation has three writes, ${at - 1} were seen`)
  })

test('only the Secret and the configurations of the controller are asked for, by their names', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  const asked = cluster.api.requests.flatMap(({ wish }) => (wish && 'resource' in wish ? [wish] : []))
  const names = asked
    .filter(({ verb, resource }) => verb !== 'create' && /^(secrets|.*webhookconfigurations)$/.test(resource))
    .filter(({ namespace, resource }) => resource !== 'secrets' || namespace === NAMESPACE)
    .map(({ name }) => name)
  assert.deepEqual([...new Set(names)].sort(), ['outrigger-controller', SECRET])
})

test('certificates that are not kept any more are not looked after, though their replica still leads', async t => {
  const cluster = await started(t)
  const a = cluster.replica('a')
  cluster.show(a)
  await cluster.until(() => cluster.admits(), 'the webhook is believed')
  await a.certificates[Symbol.asyncDispose]()
  await cluster.install()
  await cluster.pass(5 * 60_000, 60_000)
  await cluster.until(() => a.leading, 'it leads')
  assert.equal((await cluster.bundles())[1], '')
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { clientOf } from '../../../test/fakes/apiserver/connected.ts'
import { ApiServer } from '../../../test/fakes/apiserver/server.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { ClusterAccessError, inClusterAccess } from './access.ts'
import { createKubernetesClient } from './client.ts'
import { KubernetesError } from './error.ts'
import { RESOURCES, resourcePath } from './resources.ts'

async function started(t: TestContext) {
  const api = await ApiServer.start()
  t.after(() => api[Symbol.asyncDispose]())
  return api
}

/** The folder of a service account as it is mounted in a pod. */
async function mounted(t: TestContext, files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-account-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const write = async (changed: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(changed)) await writeFile(join(folder, name), text)
  }
  await write(files)
  return { folder, write }
}

test('a pod reaches its API server by its service account, and a token that was renewed is used', async t => {
  const api = await started(t)
  const clock = new FakeClock()
  const first = api.tokenOf('shop', 'default')
  const { folder, write } = await mounted(t, { token: `${first}\n`, 'ca.crt': api.ca, namespace: 'shop' })
  const access = await inClusterAccess({ host: '127.0.0.1', port: api.url.port, clock, folder })
  assert.equal(access.namespace, 'shop')
  assert.equal(await access.authorization(), `Bearer ${first}`)
  const second = api.tokenOf('shop', 'default')
  await write({ token: second })
  assert.equal(await access.authorization(), `Bearer ${first}`, 'it is not read for each request')
  clock.advance(60_000)
  assert.equal(await access.authorization(), `Bearer ${second}`)
})

test('a token that is refused is read anew at once', async t => {
  const api = await started(t)
  const first = api.tokenOf('shop', 'default')
  const { folder, write } = await mounted(t, { token: first, 'ca.crt': api.ca, namespace: 'shop' })
  const access = await inClusterAccess({
    host: '127.0.0.1',
    port: api.url.port,
    clock: new FakeClock(),
    folder,
  })
  const client = createKubernetesClient({ access, clock: systemClock() })
  t.after(async () => client.close())
  await assert.rejects(
    client.list(RESOURCES.pods),
    (error: unknown) => (error as KubernetesError).code === 403,
  )
  api.revoke(first)
  await write({ token: api.adminToken })
  assert.deepEqual((await client.list(RESOURCES.pods)).items, [])
})

test('an authority that was replaced is trusted from then on', async t => {
  const [before, after] = [await started(t), await started(t)]
  const clock = new FakeClock()
  const { folder, write } = await mounted(t, { token: 'admin', 'ca.crt': before.ca, namespace: 'shop' })
  const access = await inClusterAccess({ host: '127.0.0.1', port: after.url.port, clock, folder })
  const client = createKubernetesClient({ access, clock: systemClock() })
  t.after(async () => client.close())
  await assert.rejects(client.list(RESOURCES.pods), /of another authority with the same name/)
  await write({ 'ca.crt': after.ca })
  clock.advance(60_000)
  assert.deepEqual((await client.list(RESOURCES.pods)).items, [])
})

for (const [what, options, message] of [
  ['outside of a pod', { host: undefined, port: undefined }, /KUBERNETES_SERVICE_HOST/],
  ['without a mounted service account', { host: '10.0.0.1', port: '443' }, /is the service account mounted/],
] as const)
  test(`it is told what to do ${what}`, async () => {
    const given = { ...options, clock: new FakeClock(), folder: join(tmpdir(), 'outrigger-none') }
    await assert.rejects(inClusterAccess(given), (error: unknown) => {
      assert.ok(error instanceof ClusterAccessError)
      assert.match(error.message, message)
      return true
    })
  })

test('a server that is too busy is asked again when it says so, a few times', async t => {
  const api = await started(t)
  const waits: number[] = []
  const system = systemClock()
  const clock = Object.assign(Object.create(system), { sleep: async (ms: number) => void waits.push(ms) })
  const client = clientOf(api, undefined, { clock })
  t.after(async () => client.close())
  const busy = { kind: 'status', status: 429, headers: { 'Retry-After': '3' } } as const
  api.faults.order('list', 'pods', busy, busy)
  assert.deepEqual((await client.list(RESOURCES.pods)).items, [])
  assert.deepEqual(waits, [3000, 3000])
  api.faults.order('list', 'pods', busy, busy, busy, busy, busy)
  await assert.rejects(
    client.list(RESOURCES.pods),
    (error: unknown) => (error as KubernetesError).code === 429,
  )
})

test("the server's time is that of its answers, whatever the own clock says", async t => {
  let serverMs = Date.UTC(2030, 5, 1)
  const api = await ApiServer.start({ now: () => serverMs })
  t.after(() => api[Symbol.asyncDispose]())
  const client = clientOf(api)
  t.after(async () => client.close())
  assert.ok(Math.abs(client.serverNow() - Date.now()) < 60_000, 'the own one before the first answer')
  await client.list(RESOURCES.pods)
  assert.equal(new Date(client.serverNow()).getUTCFullYear(), 2030)
  serverMs = Date.UTC(2031, 5, 1)
  await client.list(RESOURCES.pods)
  assert.equal(new Date(client.serverNow()).getUTCFullYear(), 2031)
})

test('an answer that is not of Kubernetes is told in its own words', async t => {
  const api = await started(t)
  const client = clientOf(api)
  t.after(async () => client.close())
  await assert.rejects(
    client.get({ ...RESOURCES.pods, group: 'none.example', version: 'v1' }, { namespace: 'a', name: 'b' }),
    (error: unknown) => {
      assert.ok(error instanceof KubernetesError && error.isNotFound)
      assert.match(error.message, /refused to get pods.none.example "b" in namespace a \(404\)/)
      return true
    },
  )
})

test('a name leads to its object and nowhere else', () => {
  assert.equal(
    resourcePath(RESOURCES.leases, { namespace: 'a', name: 'b' }),
    '/apis/coordination.k8s.io/v1/namespaces/a/leases/b',
  )
  assert.equal(resourcePath(RESOURCES.pods), '/api/v1/pods')
  for (const name of ['', '.', '..', 'a/b', 'a%2fb'])
    assert.throws(() => resourcePath(RESOURCES.pods, { namespace: 'a', name }), TypeError)
  assert.throws(() => resourcePath(RESOURCES.pods, { name: 'a' }), /in a namespace/)
})

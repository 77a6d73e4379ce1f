import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { RawPeer } from '../../src/http/raw-peer-fake.ts'
import { Load } from './load.ts'
import { MoodyBackend } from './moody-backend.ts'
import { ProxySidecar } from './proxy-sidecar.ts'

const route = (upstream: string) => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: everything}
spec:
  parentRefs: [{name: public}]
  rules: [{backendRefs: [{kind: Cluster, name: ${upstream}}]}]
`

test('the file of a route is edited while requests are under way: they go another way, over the same connections', {
  timeout: 60_000,
}, async () => {
  await using scope = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-routes-'))
  scope.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const backs = { one: await MoodyBackend.start(), two: await MoodyBackend.start() }
  for (const back of Object.values(backs)) scope.use(back)
  const file = join(folder, 'everything.yaml')
  await writeFile(file, route('one'))
  const sidecar = scope.use(
    await ProxySidecar.start({
      listeners: [{ name: 'front', listen: '127.0.0.1:0', routed: { gateway: 'public' } }],
      upstreams: {
        one: { endpoints: [{ address: backs.one.address }] },
        two: { endpoints: [{ address: backs.two.address }] },
      },
      routeFiles: [folder],
    }),
  )
  const port = await sidecar.listens()
  const kept = await RawPeer.connect(port)
  scope.defer(() => void kept.socket.destroy())
  await using load = new Load(() => port, 8, ['GET', 'POST'])

  /** Asks over the kept connection; resolves with the name of the backend that has seen it. */
  const askedFor = async (id: string): Promise<string | undefined> => {
    kept.say(`GET /${id} HTTP/1.1\r\nHost: a\r\n\r\n`)
    await kept.hears(new RegExp(`200 OK\\r\\n[^]*${id}$`))
    return Object.entries(backs).find(([, { seen }]) => seen.has(id))?.[0]
  }

  await load.more(100)
  assert.equal(await askedFor('first'), 'one')
  await writeFile(file, route('two'))
  assert.equal((await sidecar.says(/^reload_/)).event, 'reload_applied')
  await load.more(100)
  assert.equal(await askedFor('second'), 'two')

  await writeFile(file, route('three'))
  assert.equal((await sidecar.says(/^reload_/)).event, 'reload_rejected')
  await load.more(100)
  assert.equal(await askedFor('third'), 'two')

  await writeFile(join(folder, '.next'), route('one'))
  await rename(join(folder, '.next'), file)
  assert.equal((await sidecar.says(/^reload_/)).event, 'reload_applied')
  await load.more(100)
  assert.equal(await askedFor('fourth'), 'one')

  const failed = (await load.end()).filter(({ status }) => status !== 200)
  assert.deepEqual(failed, [], sidecar.tail)
  assert.equal(sidecar.strange, '')
})

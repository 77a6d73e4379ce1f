import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { clientOf } from '../../../../../test/fakes/apiserver/connected.ts'
import { kubeconfig } from '../../../../../test/fakes/apiserver/kubeconfig.ts'
import { ApiServer } from '../../../../../test/fakes/apiserver/server.ts'
import { RESOURCES } from '../../../../backends/kubernetes/resources.ts'
import { stepOf } from '../step-fake.ts'
import { containerFileOf } from './container-file.ts'
import { downwardMap } from './downward.ts'

const ID = 'ab'.repeat(32)
const UID = '0d2f1a8e-1111-2222-3333-444455556666'

async function folderOf(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

function enriching(config: object, options: Parameters<typeof stepOf>[1] = {}) {
  const { host, learnt, apply } = stepOf({ kubernetes: { podInfo: '/nowhere', ...config } }, options)
  return { host, learnt, enrich: apply }
}

describe('the name of a container’s log file', () => {
  for (const [path, tag, expected] of [
    [
      `/var/log/containers/shop-1.a_prod_app-${ID}.log`,
      'x',
      { pod: 'shop-1.a', namespace: 'prod', container: 'app', containerId: ID },
    ],
    [
      `/var/log/pods/prod_shop-1_${UID}/app/3.log.20260101-010203`,
      'x',
      { pod: 'shop-1', namespace: 'prod', container: 'app', uid: UID },
    ],
    [
      'forward',
      `kube.var.log.containers.shop-1.a_prod_app-${ID}.log`,
      { pod: 'shop-1.a', namespace: 'prod', container: 'app', containerId: ID },
    ],
    [`/var/log/containers/shop_prod_app-${'ab'.repeat(31)}.log`, 'x', undefined],
    [`/var/log/containers/../etc_prod_app-${ID}.txt`, 'x', undefined],
    ['/var/log/app.log', 'kube.var.log.containers.', undefined],
    ['', '', undefined],
  ] as const)
    it(`${path} ${tag} is read`, () => assert.deepEqual(containerFileOf(path, tag), expected))
})

it('files of a downward API volume are read with all their escapes, and what is none is left out', () => {
  const text = 'app="shop"\nnote="a \\"b\\"\\n\\tc=\\u00e9\\x41\\U0001f600\\101"\nbroken\n="x"\nopen="x\n'
  assert.deepEqual(downwardMap(text), { app: 'shop', note: 'a "b"\n\tc=éA😀A' })
})

describe('kubernetes', () => {
  it('tells of the pod that the sidecar is in, by files and environment', async t => {
    const podInfo = await folderOf(t, {
      labels: 'app="shop"\npod-template-hash="77"\n',
      annotations: 'team="a"\nbuild="9"',
      uid: UID,
    })
    const env = { POD_NAME: 'shop-1', POD_NAMESPACE: 'prod', NODE_NAME: 'n1', POD_IP: '10.0.0.7' }
    const { enrich } = enriching(
      { podInfo, container: 'app', labels: ['app'], annotations: ['te*'] },
      { env },
    )
    assert.deepEqual(JSON.parse(enrich('{"a" : 1}')!).kubernetes, {
      pod_name: 'shop-1',
      namespace_name: 'prod',
      pod_id: UID,
      pod_ip: '10.0.0.7',
      host: 'n1',
      container_name: 'app',
      labels: { app: 'shop' },
      annotations: { team: 'a' },
    })
    assert.ok(enrich('{"a" : 1}')!.startsWith('{"a" : 1,"kubernetes":'))
  })

  it('takes up labels that change, within half a minute', async t => {
    const podInfo = await folderOf(t, { labels: 'v="1"' })
    const { enrich, host } = enriching({ podInfo })
    const version = () => JSON.parse(enrich('{}')!).kubernetes.labels.v
    assert.equal(version(), '1')
    await writeFile(join(podInfo, 'labels'), 'v="2"')
    assert.equal(version(), '1')
    host.clock.advance(30_000)
    assert.equal(version(), '2')
  })

  it('tells of other pods what their paths say', () => {
    const { enrich } = enriching({ into: 'k8s.pod' }, { env: { POD_NAME: 'me', POD_NAMESPACE: 'prod' } })
    assert.equal(
      enrich('{"m":1}', `/var/log/containers/shop-1_prod_app-${ID}.log`),
      `{"m":1,"k8s":{"pod":{"pod_name":"shop-1","namespace_name":"prod","container_name":"app","docker_id":"${ID}"}}}`,
    )
  })

  it('leaves records alone that are of no pod when only files count', () => {
    const { enrich } = enriching({ ownPod: false }, { env: { POD_NAME: 'me' } })
    assert.equal(enrich('{"m" : 1}'), '{"m" : 1}')
  })

  it('drops the records of pods that opted out, all or of one stream or container', async t => {
    const podInfo = await folderOf(t, {
      annotations: 'x/exclude_stderr="true"\nx/exclude-side="true"\nx/exclude="false"',
    })
    const config = { podInfo, excludeAnnotation: 'x/exclude' }
    const { enrich, host } = enriching(config)
    assert.equal(enrich('{"stream":"stderr"}'), undefined)
    assert.ok(enrich('{"stream":"stdout"}'))
    assert.ok(enrich('{}'))
    assert.equal(host.metric('dropped_records_total', { input: 'test', reason: 'steps[0].kubernetes' }), 1)
    assert.equal(enriching({ ...config, container: 'side' }).enrich('{}'), undefined)
  })

  it('hands on the name of the format that a pod suggests, the closest one', async t => {
    const podInfo = await folderOf(t, {
      annotations:
        'x/parser="all"\nx/parser_stderr="errors"\nx/parser-side="side"\nx/parser_stderr-side="both"',
    })
    const config = { podInfo, annotations: [], suggestion: { annotation: 'x/parser', into: 'p' } }
    const named = (container: string, line: string) =>
      JSON.parse(enriching({ ...config, container }).enrich(line) ?? '').p
    assert.equal(named('app', '{}'), 'all')
    assert.equal(named('app', '{"stream":"stdout"}'), 'all')
    assert.equal(named('app', '{"stream":"stderr"}'), 'errors')
    assert.equal(named('side', '{"stream":"stdout"}'), 'side')
    assert.equal(named('side', '{"stream":"stderr"}'), 'both')
  })

  it('says when it cannot ask the API server, and goes on with what it has', async () => {
    const { enrich, host } = enriching({ api: {} }, { env: { POD_NAME: 'me', NODE_NAME: 'n1' } })
    assert.equal(enrich('{}'), '{"kubernetes":{"pod_name":"me","host":"n1"}}')
    assert.equal(host.metric('kubernetes_unknown_pods_total', { input: 'test' }), 1)
    await host.close()
    assert.match(JSON.stringify(host.log), /KUBERNETES_SERVICE_HOST/)
  })

  it('asks nobody while lines are only tried', async () => {
    const { enrich, host } = enriching({ api: {} }, { env: { POD_NAME: 'me' }, offline: true })
    assert.equal(enrich('{}'), '{"kubernetes":{"pod_name":"me"}}')
    await host.close()
    assert.doesNotMatch(JSON.stringify(host.log), /KUBERNETES_SERVICE_HOST/)
  })

  const hosts: readonly [title: string, hostname: string][] = [
    ['asks its own pod which node this is', 'me'],
    ['takes the host name for the node in the network of the node', 'n1'],
  ]
  for (const [title, hostname] of hosts)
    it(`${title}, and the first records wait for what is known`, async t => {
      const api = await ApiServer.start()
      const client = clientOf(api)
      t.after(async () => {
        client.close()
        await api[Symbol.asyncDispose]()
      })
      for (const name of ['me', 'shop'])
        await client.create(RESOURCES.pods, {
          metadata: { name, namespace: 'default', labels: { app: name } },
          spec: { nodeName: 'n1', containers: [{ name: 'app', image: 'shop:1' }] },
        })
      const folder = await folderOf(t, { config: kubeconfig(api) })
      const { enrich, host, learnt } = enriching(
        { api: { kubeconfig: join(folder, 'config') } },
        { env: { HOSTNAME: hostname } },
      )
      t.after(() => host.close())
      await Promise.all(learnt)
      const path = `/var/log/containers/shop_default_app-${ID}.log`
      assert.deepEqual(JSON.parse(enrich('{}', path)!).kubernetes.labels, { app: 'shop' })
    })

  it('knows from the API server of the pods of its node, also after they are gone', async t => {
    const api = await ApiServer.start()
    const client = clientOf(api)
    t.after(async () => {
      client.close()
      await api[Symbol.asyncDispose]()
    })
    for (const [name, nodeName] of [
      ['shop-1', 'n1'],
      ['other', 'n2'],
    ] as const)
      await client.create(RESOURCES.pods, {
        metadata: {
          name,
          namespace: 'default',
          labels: { app: name },
          annotations: { team: 'a', big: 'x'.repeat(5000) },
        },
        spec: { nodeName, containers: [{ name: 'app', image: 'shop:1' }] },
      })
    const folder = await folderOf(t, { config: kubeconfig(api) })
    const { enrich, host } = enriching(
      { api: { kubeconfig: join(folder, 'config') }, annotations: ['*'] },
      { env: { NODE_NAME: 'n1' } },
    )
    t.after(() => host.close())
    const of = (pod: string) =>
      JSON.parse(enrich('{}', `/var/log/containers/${pod}_default_app-${ID}.log`)!).kubernetes
    const until = async (holds: () => boolean) => {
      while (!holds()) {
        host.clock.advance(100)
        await pause(1)
      }
    }
    await until(() => of('shop-1').labels !== undefined)
    const { pod_id, ...shop } = of('shop-1')
    assert.match(pod_id, /^[0-9a-f-]{36}$/)
    assert.deepEqual(shop, {
      pod_name: 'shop-1',
      namespace_name: 'default',
      host: 'n1',
      container_name: 'app',
      docker_id: ID,
      labels: { app: 'shop-1' },
      annotations: { team: 'a' },
    })
    assert.equal(of('other').labels, undefined)
    await client.patch(
      RESOURCES.pods,
      { namespace: 'default', name: 'shop-1' },
      { merge: { metadata: { labels: { app: 'new' } } } },
    )
    await until(() => of('shop-1').labels.app === 'new')
    await client.delete(RESOURCES.pods, { namespace: 'default', name: 'shop-1' })
    assert.equal(of('shop-1').labels.app, 'new')
  })
})

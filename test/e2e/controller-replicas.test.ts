// Several replicas: one leads, any may go, and one that goes answers as long as it may still be asked.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { RESOURCES } from '../../src/backends/kubernetes/resources.ts'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { deadlineIn } from '../../src/kernel/lifecycle/deadline.ts'
import { kubeconfig } from '../fakes/apiserver/kubeconfig.ts'
import { ApiServer } from '../fakes/apiserver/server.ts'
import type { Tree } from '../fakes/apiserver/tree.ts'
import { installed, until } from '../fakes/controller/installed.ts'
import { isOnPath } from '../fakes/programs.ts'

const { pods, events, mutatingWebhooks } = RESOURCES

const POD = {
  metadata: { generateName: 'web-', namespace: 'shop', annotations: { 'outrigger.dev/inject': 'logs' } },
  spec: { containers: [{ name: 'app', image: 'shop:1' }] },
}

const isInjected = ({ spec }: Tree) => spec.initContainers?.[0]?.name === 'outrigger'

test('one of two replicas leads; when it goes the other one does, and pods are injected all the time', async () => {
  await using cluster = await installed()
  const { admin } = cluster
  const one = await cluster.start()
  const two = await cluster.start()
  const leading = (replica: typeof one) => replica.metric('outrigger_cluster_leading')
  assert.equal(leading(one) + leading(two), 1)
  const [first, second] = leading(one) === 1 ? [one, two] : [two, one]
  await first.stop()
  assert.ok(isInjected((await admin.create(pods, POD)) as Tree))
  await until(() => leading(second) === 1, 'the other replica leads')

  const configuration = (await admin.get(mutatingWebhooks, { name: 'outrigger-controller' })) as Tree
  for (const { clientConfig } of configuration['webhooks']) delete clientConfig.caBundle
  await admin.replace(mutatingWebhooks, configuration)
  await until(async () => isInjected((await admin.create(pods, POD)) as Tree), 'the caBundle is mended')
})

test('what is wrong with a pod is told by one Event, however many replicas look', async () => {
  await using cluster = await installed()
  const { admin, records } = cluster
  const bare = await admin.create(pods, POD)
  await cluster.start()
  await cluster.start()
  const told = () =>
    records.filter(
      ({ event, fields }) => event === 'pod_lacks_sidecar' && fields['pod'] === bare.metadata?.name,
    )
  await until(() => told().length === 2, 'both have seen it')
  const written = async () => (await admin.list(events, { namespace: 'shop' })).items
  await until(async () => (await written()).length > 0, 'an Event is written')
  assert.equal((await written()).length, 1)
})

test('a replica that ends is not ready, and answers until API servers have heard of it', async () => {
  await using cluster = await installed({}, { injection: { linger: '60s' } })
  const { admin } = cluster
  const { sidecar } = await cluster.start()
  using deadline = deadlineIn(systemClock(), 120_000)
  const drained = sidecar.drain(deadline)
  assert.equal(sidecar.health().ready, false)
  assert.ok(isInjected((await admin.create(pods, POD)) as Tree))
  deadline.cut()
  await drained
  assert.ok(!isInjected((await admin.create(pods, POD)) as Tree))
})

// Where kubectl is not installed the test does not exist.
if (isOnPath('kubectl'))
  test('kubectl applies the manifests, with strict fields, and has nothing to change the second time', async t => {
    await using api = await ApiServer.start()
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-apply-'))
    t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
    await writeFile(join(folder, 'config'), kubeconfig(api))
    const manifests = join(dirname(import.meta.dirname), '../deploy/manifests/outrigger.yaml')
    const call = ['apply', '-f', manifests, '--kubeconfig', join(folder, 'config'), '--cache-dir', folder]
    const apply = () => promisify(execFile)('kubectl', call)
    assert.doesNotMatch((await apply()).stdout, /unchanged|configured/)
    // The selector of a PodDisruptionBudget is replaced as a whole (patchStrategy), so kubectl always sends a patch.
    const again = (await apply()).stdout
      .trim()
      .split('\n')
      .filter(line => !line.startsWith('poddisruptionbudget'))
    assert.deepEqual(
      again.filter(line => !line.endsWith('unchanged')),
      [],
    )
  })

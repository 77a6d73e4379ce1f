/** outrigger overhead --cluster by the real kubectl, against an API server. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fakeIo } from '../../src/cli/io-fake.ts'
import { kubectl } from '../../src/cli/kubectl.ts'
import { main } from '../../src/cli/main.ts'
import { kubeconfig } from '../fakes/apiserver/kubeconfig.ts'
import { ApiServer } from '../fakes/apiserver/server.ts'
import { missing } from '../fakes/programs.ts'

const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    ...{ name, namespace: 'default', labels: { 'pod-template-hash': '5d4f' } },
    ownerReferences: [
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f', uid: 'u', controller: true },
    ],
  },
  spec: {
    containers: [
      { name: 'web', image: 'shop/web:2.1', resources: { requests: { cpu: '500m', memory: '512Mi' } } },
      {
        name: 'istio-proxy',
        image: 'istio/proxyv2:1.25.0',
        resources: { requests: { cpu: '100m', memory: '128Mi' } },
      },
    ],
  },
})

const skip = missing('kubectl')

// CI allows no skipped tests: there they exist only with the program.
if (skip === false || process.env['CI'] !== 'true')
  describe('a cluster that kubectl speaks to', { skip }, () => {
    it('is told what its pods’ sidecars cost', async t => {
      await using api = await ApiServer.start()
      const folder = await mkdtemp(join(tmpdir(), 'outrigger-cluster-'))
      t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
      await writeFile(join(folder, 'config'), kubeconfig(api))
      const env = { ...process.env, KUBECONFIG: join(folder, 'config'), HOME: folder }
      const list = { apiVersion: 'v1', kind: 'List', items: ['web-5d4f-a', 'web-5d4f-b'].map(pod) }
      await writeFile(join(folder, 'pods.json'), JSON.stringify(list))
      await kubectl(['create', '--validate=false', '-f', join(folder, 'pods.json')], { env })
      const io = fakeIo({ cwd: folder, env })
      assert.equal(await main(['overhead', '--cluster', '-o', 'json'], io), 0, io.stderr.text)
      const { workloads, byRequest } = JSON.parse(io.stdout.text)
      const [{ kind, namespace, name, pods }] = workloads
      assert.deepEqual([kind, namespace, name, pods], ['Deployment', 'default', 'web', 2])
      assert.equal(byRequest.amounts.cpu, 0.2)
    })
  })

// The client that everybody has, against the fake: what kubectl cannot work with is no API server.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { missing } from '../programs.ts'
import { kubeconfig } from './kubeconfig.ts'
import { ApiServer } from './server.ts'

const deployment = (image: string, field = 'image') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: app, ${field}: "${image}"}]}
`

const skip = missing('kubectl')

// CI allows no skipped tests: there they exist only with the program.
if (skip === false || process.env['CI'] !== 'true')
  describe('kubectl against the fake API server', { skip }, () => {
    let api: ApiServer
    let folder: string

    before(async () => {
      api = await ApiServer.start()
      folder = await mkdtemp(join(tmpdir(), 'outrigger-kubectl-'))
      await writeFile(join(folder, 'config'), kubeconfig(api))
    })

    after(async () => {
      await api[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true, maxRetries: 9 })
    })

    function kubectl(
      parameters: readonly string[],
      input = '',
    ): Promise<{ code: number; out: string; err: string }> {
      return new Promise(resolve => {
        const child = execFile(
          'kubectl',
          [...parameters, '--kubeconfig', join(folder, 'config'), '--cache-dir', join(folder, 'cache')],
          (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
        )
        child.stdin!.on('error', () => {})
        child.stdin!.end(input)
      })
    }

    it('applies, shows, patches and deletes', async () => {
      assert.match((await kubectl(['apply', '-f', '-'], deployment('shop:1'))).out, /created/)
      assert.match((await kubectl(['apply', '-f', '-'], deployment('shop:2'))).out, /configured/)
      assert.match((await kubectl(['apply', '-f', '-'], deployment('shop:2'))).out, /unchanged/)
      const image = '{.spec.template.spec.containers[0].image}'
      assert.equal((await kubectl(['get', 'deploy', 'web', '-o', `jsonpath=${image}`])).out, 'shop:2')
      assert.match(
        (await kubectl(['patch', 'deploy', 'web', '-p', '{"spec":{"replicas":3}}'])).out,
        /patched/,
      )
      assert.match((await kubectl(['get', 'deploy'])).out, /^NAME +AGE\nweb /)
      assert.match(
        (await kubectl(['apply', '--server-side', '-f', '-'], deployment('shop:2'))).out,
        /serverside-applied/,
      )
      assert.match((await kubectl(['delete', 'deploy', 'web'])).out, /deleted/)
      assert.match((await kubectl(['get', 'deploy', 'web'])).err, /NotFound/)
    })

    it('is told of fields that nobody knows', async () => {
      const { code, err } = await kubectl(['create', '-f', '-'], deployment('shop:1', 'imag'))
      assert.equal(code, 1)
      assert.match(err, /unknown field "spec.template.spec.containers\[0\].imag"/)
    })

    it('watches', async () => {
      const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'watched', namespace: 'default' } }
      const watching = kubectl(['get', 'configmap', '--watch-only', '-o', 'name', '--request-timeout=20s'])
      while (api.watches === 0) await new Promise(resolve => setImmediate(resolve))
      await kubectl(['create', '-f', '-'], JSON.stringify(map))
      api.cutWatches()
      assert.match((await watching).out, /^configmap\/watched$/m)
    })
  })

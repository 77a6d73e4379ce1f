// kubectl applies the patch as the API server does: its result is the one that ours must come to.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { inject, uninject } from '../../src/injection/kubernetes/inject.ts'
import type { Json, JsonObject } from '../../src/manifests/json.ts'
import { applyPatch, type PatchOperation } from '../../src/wire/json-patch/patch.ts'
import { askingTemplate, documentOf } from './generated-pods.ts'
import { sidecars } from './sidecars.ts'

const run = promisify(execFile)
const kubectl = await run('kubectl', ['version', '--client']).then(
  () => true,
  () => false,
)

// Where kubectl is absent there is nothing to compare with.
if (kubectl)
  describe('kubectl patch --local', () => {
    it('comes to the same documents by our patches', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'outrigger-kubectl-'))
      try {
        // Lists cannot be patched there, and nulls and unknown fields do not come through its typed reading.
        const documents = fc
          .sample(documentOf(askingTemplate), { numRuns: 40, seed: 1 })
          .map(document => withoutNulls(document) as JsonObject)
          .filter(({ kind }) => kind !== 'List')
          .slice(0, 12)
        assert.equal(documents.length, 12)
        for (const document of documents) {
          const { patch } = inject(document, sidecars)
          const after = applyPatch(document, patch) as Json
          const plain = await patched(folder, document, [])
          const injected = await patched(folder, document, patch)
          assert.deepEqual(injected, await patched(folder, after, []))
          assert.deepEqual(await patched(folder, injected, uninject(injected).patch), plain)
        }
      } finally {
        await rm(folder, { recursive: true, maxRetries: 9 })
      }
    })
  })

/** What kubectl makes of the document: patched, and as it writes it. */
async function patched(folder: string, document: Json, patch: readonly PatchOperation[]): Promise<Json> {
  const [manifest, change] = [join(folder, 'manifest.json'), join(folder, 'patch.json')]
  await writeFile(manifest, JSON.stringify(document))
  // An empty patch is refused; a test of what is there changes nothing.
  const operations =
    patch.length > 0 ? patch : [{ op: 'test', path: '/kind', value: (document as JsonObject)['kind'] }]
  await writeFile(change, JSON.stringify(operations))
  const { stdout } = await run(
    'kubectl',
    ['patch', '--local', '--type=json', '-f', manifest, `--patch-file=${change}`, '-o', 'json'],
    { env: { ...process.env, HOME: folder, KUBECONFIG: join(folder, 'none') } },
  )
  return JSON.parse(stdout) as Json
}

function withoutNulls(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => (member === null ? [] : [[key, withoutNulls(member)]])),
  )
}

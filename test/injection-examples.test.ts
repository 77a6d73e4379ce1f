// The manifests of examples/injection: what is asked for by one annotation, and the same by hand.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fakeIo } from '../src/cli/io-fake.ts'
import { main } from '../src/cli/main.ts'
import { at, isObject, type Json, type JsonObject } from '../src/manifests/json.ts'
import { readManifests } from '../src/manifests/read.ts'
import { containersOf } from '../src/manifests/workload.ts'

const folder = join(dirname(import.meta.dirname), 'examples/injection')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

async function outrigger(argv: readonly string[], input = '') {
  const io = fakeIo({ cwd: folder })
  io.stdin.end(input)
  const code = await main(argv, io)
  assert.equal(code, 0, io.stderr.text + io.stdout.text)
  return io.stdout.text
}

describe('the examples of injection', () => {
  for (const name of ['webapp.yaml', 'checkout.yaml', 'compose.yaml'])
    it(`${name} gets its sidecar without a warning, is clean for the linter, and comes back byte for byte`, async () => {
      const injected = await outrigger(['inject', '--strict', '-f', name])
      assert.notEqual(injected, read(name))
      assert.match(await outrigger(['lint', '--fail-on', 'info', '-'], injected), /0 errors, 0 warnings/)
      assert.equal(await outrigger(['inject', '-'], injected), injected)
      assert.equal(await outrigger(['uninject', '-'], injected), read(name))
    })

  const golden = join(import.meta.dirname, 'golden/injection')
  for (const name of globSync('*.{yaml,json}', { cwd: golden }))
    it(`golden/injection/${name} comes back byte for byte, too`, async () => {
      const text = readFileSync(join(golden, name), 'utf8')
      const injected = await outrigger(['inject', '--inject', 'logs', '-'], text)
      assert.notEqual(injected, text)
      assert.equal(await outrigger(['uninject', '-'], injected), text)
    })

  it('webapp.yaml becomes what webapp-by-hand.yaml says, and more', async () => {
    const injected = podOf(await outrigger(['inject', '-f', 'webapp.yaml']))
    const byHand = podOf(read('webapp-by-hand.yaml'))
    const [ours, theirs] = [injected, byHand].map(pod => ({
      app: named(pod, 'webapp'),
      sidecar: containersOf(pod).find(({ name }) => name !== 'webapp')!.container,
    }))
    assert.deepEqual(ours!.app, theirs!.app, 'the application is the same')
    assert.deepEqual(mountOf(ours!.sidecar), mountOf(theirs!.sidecar), 'the sidecar reads the same folder')
    assert.deepEqual(volumeOf(injected), volumeOf(byHand), 'they share the same volume')
    for (const resource of ['cpu', 'memory'])
      assert.equal(typeof at(ours!.sidecar, ['resources', 'limits', resource]), 'string', 'it is bounded')
    const config = at(injected, ['metadata', 'annotations', 'outrigger.dev/file.outrigger.outrigger.yaml'])
    assert.match(String(config), /- \/var\/log\/app\/\*\.log/, 'it follows the log of the application')
  })
})

function podOf(text: string): Json {
  return at(readManifests('', text).documents[0]!.value, ['spec', 'template'])!
}

function named(pod: Json, wanted: string): JsonObject {
  return containersOf(pod).find(({ name }) => name === wanted)!.container
}

function mountOf(container: JsonObject): Json | undefined {
  const mounts = container['volumeMounts']
  return Array.isArray(mounts)
    ? mounts.find(each => isObject(each) && each['mountPath'] === '/var/log/app')
    : undefined
}

function volumeOf(pod: Json): Json | undefined {
  const volumes = at(pod, ['spec', 'volumes'])
  return Array.isArray(volumes)
    ? volumes.find(each => isObject(each) && each['name'] === 'shared-logs')
    : undefined
}

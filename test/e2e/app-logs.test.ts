import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../bin/outrigger.js', import.meta.url))

/** A sidecar that runs `script` as its application and ships what it writes into a file. */
async function run(t: TestContext, script: string, format = 'raw') {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-app-logs-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const shipped = join(folder, 'shipped.ndjson')
  const config = {
    admin: { listen: '127.0.0.1:0' },
    dataDir: join(folder, 'data'),
    logs: {
      inputs: [{ app: { format } }],
      outputs: [{ file: { path: shipped, flushInterval: '20ms', rotate: { maxSize: '1GiB' } } }],
    },
  }
  await writeFile(join(folder, 'outrigger.yaml'), JSON.stringify(config))
  const sidecar = spawn(
    process.execPath,
    [launcher, 'run', '-c', join(folder, 'outrigger.yaml'), '--', 'sh', '-c', script],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  t.after(() => sidecar.kill('SIGKILL'))
  sidecar.stdout.resume()
  sidecar.stderr.resume()
  return { sidecar, records: async () => (await readFile(shipped, 'utf8')).trimEnd().split('\n') }
}

async function exitCode(sidecar: ChildProcess): Promise<number | null> {
  const [code] = await once(sidecar, 'exit')
  return code as number | null
}

test('what a command writes is shipped to the last byte before the sidecar ends with its code', async t => {
  const { sidecar, records } = await run(t, 'echo one; echo two >&2; printf three; exit 7')
  assert.equal(await exitCode(sidecar), 7)
  const shipped = await records()
  assert.deepEqual(shipped.toSorted(), ['{"message":"one"}', '{"message":"three"}', '{"message":"two"}'])
})

test('a command that writes faster than the sidecar ships loses nothing', async t => {
  const { sidecar, records } = await run(t, `seq 1 1000000 | sed 's/.*/{"n":&}/'`, 'json')
  assert.equal(await exitCode(sidecar), 0)
  const shipped = await records()
  assert.equal(shipped.length, 1_000_000)
  assert.ok(shipped.every((record, i) => record === `{"n":${i + 1}}`))
})

test('the last words of a command that is told to end are shipped', async t => {
  const script = 'trap "echo good bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done'
  const { sidecar, records } = await run(t, script)
  while (!(await records().catch((): string[] => [])).includes('{"message":"ready"}')) {
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  sidecar.kill('SIGTERM')
  assert.equal(await exitCode(sidecar), 3)
  assert.deepEqual(await records(), ['{"message":"ready"}', '{"message":"good bye"}'])
})

test('a command that cannot be started ends the sidecar with the code that shells give it', async t => {
  const { sidecar } = await run(t, 'exec /no/such/program')
  assert.equal(await exitCode(sidecar), 127)
})

/** A sidecar that is killed while it writes secrets, over and over: who reads them finds a whole old or a whole new text. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { generateKey } from '../../src/modules/secrets/store/key-sources.ts'
import { SecretStore } from '../../src/modules/secrets/store/store.ts'
import { spawnSidecar } from '../fakes/sidecar.ts'

const KILLS = 12
/** Large enough that a write takes several system calls. */
const FILL_BYTES = 200_000

/** A text that says itself whether it is whole. */
function sealed(n: number): string {
  const fill = randomBytes(FILL_BYTES / 2).toString('hex')
  return `${n} ${createHash('sha256').update(`${n} ${fill}`).digest('hex')} ${fill}`
}

function isWhole(text: string): boolean {
  const [n, hash, fill] = text.split(' ')
  return hash === createHash('sha256').update(`${n} ${fill}`).digest('hex')
}

test('no reader sees a torn secret, whenever the sidecar is killed', { timeout: 240_000 }, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-chaos-secrets-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const key = generateKey()
  await writeFile(join(folder, 'key'), key, { mode: 0o600 })
  await mkdir(join(folder, 'run'))
  const store = new SecretStore({
    path: join(folder, 'secrets.store'),
    key: { kind: 'file', path: join(folder, 'key') },
    maxBytes: 64 * 1024 * 1024,
    clock: systemClock(),
  })
  await store.create()
  let written = 0
  const change = () =>
    store.update(content => content.put('app', new Map([['text', sealed(++written)]]), Date.now()))
  await change()
  const configuration = `secrets:
  sources: [store: { path: '${folder}/secrets.store', keyFile: '${folder}/key' }]
  deliveries:
    - file: { path: '${folder}/out/file', secret: 'app#text' }
    - folder:
        path: '${folder}/both'
        files: [{ name: a, secret: 'app#text' }, { name: b, template: '{{ with secret "app" }}{{ .Data.data.text }}{{ end }}' }]
  lastGood: { keyFile: '${folder}/key' }
`
  const counts = { reads: 0, torn: 0, missing: 0, apart: 0 }
  let isOver = false
  const reading = async () => {
    const file = await readFile(join(folder, 'out/file'), 'utf8').catch(() => undefined)
    counts.reads++
    if (file === undefined) counts.missing++
    else if (!isWhole(file)) counts.torn++
    const generation = await readlink(join(folder, 'both/..data')).catch(() => undefined)
    const both =
      generation === undefined
        ? [undefined, undefined]
        : await Promise.all(
            ['a', 'b'].map(name =>
              readFile(join(folder, 'both', generation, name), 'utf8').catch(() => undefined),
            ),
          )
    // A generation that has gone meanwhile is read anew by whoever wants it.
    if (both.every(each => each !== undefined)) {
      if (!both.every(each => isWhole(each!))) counts.torn++
      if (both[0] !== both[1]) counts.apart++
    }
  }
  let kills = 0
  let refused = 0
  let readers: Promise<unknown> | undefined
  let writers: Promise<unknown> | undefined
  for (; kills < KILLS; kills++) {
    await using sidecar = await spawnSidecar(configuration, { folder: join(folder, 'run') })
    await sidecar.until('the sidecar', () => sidecar.output().includes('"event":"ready"'))
    if (sidecar.output().includes('last_good_unreadable')) refused++
    readers ??= (async () => {
      while (!isOver) await reading()
    })()
    writers ??= (async () => {
      while (!isOver) await change()
    })()
    await new Promise(resolve => setTimeout(resolve, Math.random() * 600))
    sidecar.signal('SIGKILL')
    await sidecar.exited
  }
  isOver = true
  await Promise.all([readers, writers])
  await using last = await spawnSidecar(configuration, { folder: join(folder, 'run') })
  await last.until('the newest text', async () => {
    const text = await readFile(join(folder, 'out/file'), 'utf8')
    return text.startsWith(`${written} `) && isWhole(text)
  })
  t.diagnostic(
    `secrets: ${kills} kills, ${written} changes, ${counts.reads} reads, torn ${counts.torn}, missing ${counts.missing}, apart ${counts.apart}, last good refused ${refused}`,
  )
  assert.deepEqual(
    { torn: counts.torn, missing: counts.missing, apart: counts.apart, refused },
    { torn: 0, missing: 0, apart: 0, refused: 0 },
  )
  assert.ok(counts.reads > 50 && written > 20)
})

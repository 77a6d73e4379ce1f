import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { FakeClock } from '../../../../kernel/clock/fake.ts'
import type { SourceFailure } from '../source.ts'
import { kubernetesSourceConfig } from './config.ts'
import { openKubernetesSource } from './source.ts'

let folder = ''
const never = new AbortController().signal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-mount-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

function sourceOf(given: Readonly<Record<string, unknown>> = {}) {
  const decoded = kubernetesSourceConfig.decode({ path: folder, ...given })
  assert.ok(decoded.ok)
  return openKubernetesSource(decoded.value, { clock: new FakeClock(), name: 'kubernetes' })
}

async function dataOf(path: string, given?: Readonly<Record<string, unknown>>) {
  return Object.fromEntries((await sourceOf(given).fetch({ path }, never)).data)
}

/** As the kubelet does it: a folder for each state, and a link that is turned over; then the old state goes. */
async function publish(mount: string, number: number, files: Readonly<Record<string, string | Buffer>>) {
  const name = `..2026_${number}`
  await mkdir(join(mount, name), { recursive: true })
  for (const [file, content] of Object.entries(files)) await writeFile(join(mount, name, file), content)
  await symlink(name, join(mount, '..data_tmp'))
  await rename(join(mount, '..data_tmp'), join(mount, '..data'))
  await rm(join(mount, `..2026_${number - 1}`), { recursive: true, force: true })
}

test('a mounted Secret has an entry for each file, bytes where it is no text, and its line feeds', async () => {
  await publish(folder, 1, {
    user: 'app\n',
    '.dockerconfigjson': '{}',
    'keystore.p12': Buffer.from([0xff, 0]),
  })
  assert.deepEqual(await dataOf('all'), {
    '.dockerconfigjson': '{}',
    'keystore.p12': new Uint8Array([0xff, 0]),
    user: 'app\n',
  })
  assert.deepEqual(await dataOf('user', { trim: true }), { value: 'app' })
  assert.equal((await sourceOf().fetch({ path: 'all' }, never)).version, '..2026_1')
})

test('a folder of several mounts has a secret for each, and so has a plain folder', async () => {
  await publish(join(folder, 'db'), 1, { password: 'p' })
  await mkdir(join(folder, 'plain'))
  await writeFile(join(folder, 'plain', 'token'), 't')
  assert.deepEqual(await dataOf('db'), { password: 'p' })
  assert.deepEqual(await dataOf('db/password'), { value: 'p' })
  assert.deepEqual(await dataOf('plain'), { token: 't' })
  assert.deepEqual(await sourceOf().list('', never), ['db/', 'plain/'])
  assert.deepEqual(await sourceOf().list('db', never), ['password'])
})

test('all entries are of one state, however often it changes meanwhile', async () => {
  const state = (n: number) =>
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`key${i}`, String(n)]))
  await publish(folder, 1, state(1))
  const source = sourceOf()
  let isWriting = true
  const writing = (async () => {
    for (let n = 2; n <= 60; n++) await publish(folder, n, state(n))
    isWriting = false
  })()
  let reads = 0
  while (isWriting || reads === 0) {
    const value = await source.fetch({ path: 'all' }, never).catch((error: SourceFailure) => error)
    if (value instanceof Error) {
      assert.match(value.message, /changes again and again/)
      continue
    }
    reads++
    assert.equal(value.data.size, 20)
    assert.equal(new Set(value.data.values()).size, 1)
  }
  await writing
})

const hostile: [string, () => Promise<unknown>, string, RegExp, string][] = [
  ['a path out of the mount', async () => {}, '../etc', /expected names of folders and files/, 'invalid'],
  ['the link of the kubelet', () => publish(folder, 1, { a: 'b' }), '..data', /expected names/, 'invalid'],
  [
    'a link out of the mount',
    () => symlink('/etc/hostname', join(folder, 'out')),
    'out',
    /leads out of the mount/,
    'invalid',
  ],
  [
    'a ..data that leads out of the mount',
    () => symlink('/etc', join(folder, '..data')),
    'all',
    /leads out of the mount/,
    'invalid',
  ],
  ['links that go round', () => symlink('round', join(folder, 'round')), 'round', /go round/, 'invalid'],
  [
    'a link to nowhere among the files',
    () => symlink('nowhere', join(folder, 'a')),
    'all',
    /gone, or a link that leads nowhere/,
    'unavailable',
  ],
  [
    'a pipe that nobody writes to',
    async () => execFileSync('mkfifo', [join(folder, 'pipe')]),
    'pipe',
    /no regular file/,
    'invalid',
  ],
  [
    'a file that is too large',
    () => writeFile(join(folder, 'huge'), 'hunter2'.repeat(1000)),
    'huge',
    /has 7000 bytes, and at most 1024 are read/,
    'invalid',
  ],
  [
    'too many files',
    () => Promise.all(['a', 'b', 'c'].map(name => writeFile(join(folder, name), 'hunter2'))),
    'all',
    /more than 2 files: raise maxFiles/,
    'invalid',
  ],
  ['an empty mount', async () => {}, 'all', /has no files/, 'missing'],
  [
    'a file that is asked for as a folder',
    () => writeFile(join(folder, 'a'), ''),
    'a/b',
    /there is no/,
    'missing',
  ],
  ['a vanished mount', () => rm(folder, { recursive: true }), 'all', /no such file/, 'missing'],
  ['a name that is too long', async () => {}, 'x'.repeat(300), /its name is too long/, 'invalid'],
]
for (const [what, make, path, message, reason] of hostile)
  test(`${what} is refused in words`, async () => {
    await make()
    const source = sourceOf({ maxSize: '1KiB', maxFiles: 2 })
    await assert.rejects(source.fetch({ path }, never), (error: SourceFailure) => {
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /hunter2/)
      assert.equal(error.reason, reason)
      return true
    })
  })

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../../kernel/clock/system.ts'
import { JsonNumber } from '../../../wire/json/lossless.ts'
import { generateKey, type KeySource } from './key-sources.ts'
import { SecretStore, type StoreReason } from './store.ts'

let folder = ''
const marked = 'PLANTED-VALUE-7391'
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-store-'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 9 }))

const at = (name: string) => join(folder, name)

function storeWith(given: { key?: KeySource; maxBytes?: number; path?: string } = {}) {
  const { key = { kind: 'file', path: at('key') }, maxBytes = 2 ** 20, path = at('secrets.store') } = given
  return new SecretStore({ path, key, maxBytes, clock: systemClock() })
}

async function made(): Promise<SecretStore> {
  const store = storeWith()
  assert.equal(await store.create(), true)
  return store
}

const put = (store: SecretStore, path: string, value: string) =>
  store.update(content => content.put(path, new Map([['value', value]]), 1000).version)

async function stored(store: SecretStore, path: string) {
  return (await store.read()).version(path)?.is.data?.get('value')
}

test('what was put is read by another process of the same key, numbers with their own text', async () => {
  const store = await made()
  const data = new Map([['n', new JsonNumber('12345678901234567890.10')]])
  await store.update(content => content.put('app/db', data, 5))
  const read = (await storeWith().read()).version('app/db')
  assert.equal(read?.version, 1)
  assert.equal(String(read?.is.data?.get('n')), '12345678901234567890.10')
})

test('nothing of it is readable in the file, which is for its owner alone; neither is the key file', async () => {
  await put(await made(), 'very/secret/path', marked)
  const names = (await readdir(folder)).sort()
  assert.deepEqual(names, ['key', 'secrets.store', 'secrets.store.lock'])
  for (const name of names) {
    const bytes = await readFile(at(name), 'latin1')
    assert.doesNotMatch(bytes, /PLANTED|very/)
    if (!name.endsWith('.lock')) assert.equal((await stat(at(name))).mode & 0o777, 0o600, name)
  }
})

test('a store is made once and never overwritten', async () => {
  const store = await made()
  await put(store, 'a', 'kept')
  assert.equal(await storeWith().create(), false)
  assert.equal(await stored(store, 'a'), 'kept')
})

const keys: [string, () => Promise<KeySource>][] = [
  ['a passphrase', async () => ({ kind: 'passphrase', text: 'correct horse' })],
  ['a variable', async () => ({ kind: 'variable', name: 'KEY', value: generateKey() })],
  [
    'a variable in hexadecimal digits',
    async () => ({ kind: 'variable', name: 'KEY', value: 'ab'.repeat(32) }),
  ],
]
for (const [name, source] of keys)
  test(`a store is sealed under ${name}`, async () => {
    const key = await source()
    const store = storeWith({ key })
    await store.create()
    await put(store, 'a', 'b')
    assert.equal(await stored(storeWith({ key }), 'a'), 'b')
  })

const refusals: [string, StoreReason, RegExp, () => Promise<SecretStore>][] = [
  [
    'no file',
    'absent',
    /there is no .*secrets\.store; outrigger secrets init makes/,
    async () => storeWith(),
  ],
  [
    'another key',
    'key',
    /it was sealed under another key than that of .*key/,
    async () => {
      await made()
      await writeFile(at('key'), generateKey())
      return storeWith()
    },
  ],
  [
    'a passphrase for a key',
    'key',
    /sealed under a key, and a passphrase is configured/,
    async () => {
      await made()
      return storeWith({ key: { kind: 'passphrase', text: 'x' } })
    },
  ],
  [
    'a key file that others may read',
    'key',
    /has mode 0644: others may read it; use chmod 600/,
    async () => {
      await made()
      await chmod(at('key'), 0o644)
      return storeWith()
    },
  ],
  [
    'a key file without a key',
    'key',
    /holds no key: expected at least 32 random bytes/,
    async () => {
      await made()
      await writeFile(at('key'), 'hunter2')
      return storeWith()
    },
  ],
  [
    'an empty variable',
    'key',
    /the environment has no KEY/,
    async () => {
      await made()
      return storeWith({ key: { kind: 'variable', name: 'KEY', value: '' } })
    },
  ],
  [
    'a missing key file',
    'key',
    /cannot be read: ENOENT; outrigger secrets init makes one/,
    async () => {
      await made()
      await rm(at('key'))
      return storeWith()
    },
  ],
  [
    'a file of something else',
    'damaged',
    /it is no store of secrets/,
    async () => {
      await made()
      await writeFile(at('secrets.store'), '{"a":1}')
      return storeWith()
    },
  ],
  [
    'a file of a later version',
    'damaged',
    /written by another version of outrigger/,
    async () => {
      await made()
      await writeFile(at('secrets.store'), 'outrigger-store/2 {}\n')
      return storeWith()
    },
  ],
  [
    'a file that asks for all memory',
    'damaged',
    /its first line is damaged/,
    async () => {
      await made()
      const key = { kind: 'passphrase', salt: 'AAAA', n: 2 ** 30, r: 64, p: 1 }
      const header = JSON.stringify({ cipher: 'aes-256-gcm', key, keyId: 'x' })
      await writeFile(at('secrets.store'), `outrigger-store/1 ${header}\n`)
      return storeWith({ key: { kind: 'passphrase', text: 'x' } })
    },
  ],
  [
    'a file above the limit',
    'full',
    /cannot be read: it has \d+ bytes, and maxSize allows 100/,
    async () => {
      await made()
      return storeWith({ maxBytes: 100 })
    },
  ],
]
for (const [name, reason, message, prepare] of refusals)
  test(`${name} is told, and nothing is written`, async () => {
    const store = await prepare()
    const before = await readFile(at('secrets.store')).catch(() => undefined)
    for (const act of [() => store.read(), () => put(store, 'a', 'b')])
      await assert.rejects(act, error => {
        assert.match(String(error), message)
        assert.equal((error as { reason?: string }).reason, reason)
        return true
      })
    assert.deepEqual(await readFile(at('secrets.store')).catch(() => undefined), before)
  })

test('a change of any byte of the file is noticed, and no value is shown', async () => {
  const store = await made()
  await put(store, 'a', marked)
  const good = await readFile(at('secrets.store'))
  await fc.assert(
    fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (place, flip) => {
      const bad = Buffer.from(good)
      bad[place]! ^= flip
      await writeFile(at('secrets.store'), bad)
      await assert.rejects(storeWith().read(), error => !String(error).includes(marked))
    }),
    { numRuns: 150 },
  )
  for (const length of [0, 5, 100, good.length - 1]) {
    await writeFile(at('secrets.store'), good.subarray(0, length))
    await assert.rejects(storeWith().read(), /cannot be opened/)
  }
})

test('what would pass the limit of size is refused, and the store stays as it was', async () => {
  await made()
  const store = storeWith({ maxBytes: 4096 })
  await put(store, 'a', 'kept')
  await assert.rejects(put(store, 'b', 'x'.repeat(5000)), /would have \d+ bytes, and maxSize allows 4096/)
  assert.equal(await stored(store, 'a'), 'kept')
})

test('without a store nothing is left beside it', async () => {
  await assert.rejects(put(storeWith(), 'a', 'b'), /there is no/)
  await assert.rejects(storeWith().rotate(), /there is no/)
  assert.deepEqual(await readdir(folder), [])
})

test('those who read while the key is changed again and again see no other key', async () => {
  const store = await made()
  await put(store, 'a', 'b')
  let done = false
  const rotate = async () => {
    for (let n = 0; n < 15; n++) await store.rotate()
    done = true
  }
  const read = async () => {
    while (!done) assert.equal(await stored(storeWith(), 'a'), 'b')
  }
  const outcomes = await Promise.allSettled([rotate(), read()])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
})

test('a change that fails leaves the store as it was', async () => {
  const store = await made()
  await put(store, 'a', 'kept')
  await assert.rejects(
    store.update(content => {
      content.put('a', null, 1)
      throw new TypeError('no')
    }),
    /no/,
  )
  assert.equal(await stored(store, 'a'), 'kept')
})

test('writers of one process and of several do not lose a write of each other', async () => {
  const store = await made()
  const stores = [store, storeWith(), storeWith()]
  const paths = Array.from({ length: 30 }, (_, index) => `p${index}`)
  await Promise.all(paths.map((path, index) => put(stores[index % 3]!, path, path)))
  const writers = [0, 1].map(number => writer(`w${number}`, 20))
  await Promise.all(writers.map(each => once(each, 'exit')))
  const content = await storeWith().read()
  assert.deepEqual(
    paths.filter(path => !content.secrets.has(path)),
    [],
  )
  for (const name of ['w0', 'w1']) assert.equal(content.secrets.get(name)?.currentVersion, 20, name)
})

test('a writer that is killed at any moment leaves the old or the new store, and no lock', async () => {
  const store = await made()
  let newest = 0
  for (let round = 0; round < 12; round++) {
    const child = writer('w', 1000)
    // The number that it prints is a version that is safe; it dies somewhere in one of the next writes.
    let told = 0
    let rest = 2 + (round % 4)
    const { promise, resolve } = Promise.withResolvers<void>()
    child.stdout.on('data', chunk => {
      for (const line of String(chunk).trim().split('\n')) told = Number(line)
      if (--rest === 0) resolve()
    })
    await promise
    const exited = once(child, 'exit')
    if (round % 3 !== 0) await new Promise<void>(resolve => setImmediate(resolve))
    child.kill('SIGKILL')
    await exited
    const version = (await storeWith().read()).version('w')
    assert.ok(version !== undefined && version.version >= told && told > newest)
    assert.equal(version.is.data?.get('value'), `w ${version.version}`)
    newest = await put(store, 'w', `w ${version.version + 1}`)
  }
  assert.deepEqual(
    (await readdir(folder)).filter(name => name.endsWith('.new')),
    [],
  )
})

test('a rotation that is killed at any moment leaves a store that its key files open', async () => {
  await put(await made(), 'w', 'kept')
  for (let round = 0; round < 10; round++) {
    const child = writer('w', 1000, 'await store.rotate()')
    await once(child.stdout, 'data')
    for (let turn = 0; turn < round; turn++) await new Promise<void>(resolve => setImmediate(resolve))
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    assert.ok((await storeWith().read()).version('w') !== undefined)
  }
  await storeWith().rotate()
  await put(storeWith(), 'w', 'after')
  assert.equal(await stored(storeWith(), 'w'), 'after')
})

/** A process that puts new versions of one secret, and prints each one that is safe. */
function writer(path: string, times: number, between = '') {
  const script = `
    const { SecretStore } = await import(${JSON.stringify(import.meta.resolve('./store.ts'))})
    const { systemClock } = await import(${JSON.stringify(import.meta.resolve('../../../kernel/clock/system.ts'))})
    const store = new SecretStore(${JSON.stringify({ path: at('secrets.store'), key: { kind: 'file', path: at('key') }, maxBytes: 2 ** 20 }).slice(0, -1)}, clock: systemClock() })
    for (let i = 0; i < ${times}; i++) {
      const version = await store.update(content => {
        const next = (content.secrets.get('${path}')?.currentVersion ?? 0) + 1
        return content.put('${path}', new Map([['value', '${path} ' + next]]), 1000).version
      })
      ${between}
      process.stdout.write(version + '\\n')
    }`
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('a rotation changes the key file and seals the store again; other processes follow', async () => {
  const store = await made()
  await put(store, 'a', 'b')
  const other = storeWith()
  assert.equal(await stored(other, 'a'), 'b')
  const [oldKey, oldStore] = [await readFile(at('key')), await readFile(at('secrets.store'))]
  await store.rotate()
  assert.notDeepEqual(await readFile(at('key')), oldKey)
  assert.equal((await stat(at('key'))).mode & 0o777, 0o600)
  assert.equal(await stored(other, 'a'), 'b')
  await put(other, 'a', 'c')
  assert.equal(await stored(storeWith(), 'a'), 'c')
  await writeFile(at('secrets.store'), oldStore)
  await assert.rejects(storeWith().read(), /sealed under another key/)
})

test('a rotation that was cut short before the key file changed can be read and written', async () => {
  const store = await made()
  await put(store, 'a', 'b')
  const oldKey = await readFile(at('key'))
  await store.rotate()
  await rename(at('key'), at('key.next'))
  await writeFile(at('key'), oldKey, { mode: 0o600 })
  assert.equal(await stored(storeWith(), 'a'), 'b')
  await put(storeWith(), 'a', 'c')
  await chmod(at('key'), 0o600)
  // The next rotation fails at its save: the key that the store needs must still be there.
  await assert.rejects(storeWith({ maxBytes: (await stat(at('secrets.store'))).size - 1 }).rotate())
  assert.equal(await stored(storeWith(), 'a'), 'c')
  await storeWith().rotate()
  assert.equal(await stored(storeWith(), 'a'), 'c')
  assert.equal(await stored(storeWith(), 'a'), 'c')
  assert.ok(!(await readdir(folder)).includes('key.next'))
})

test('a link to a store is followed, and stays a link', async () => {
  await put(await made(), 'a', 'b')
  await symlink(at('secrets.store'), at('link'))
  const store = storeWith({ path: at('link') })
  await put(store, 'a', 'c')
  assert.equal(await stored(storeWith(), 'a'), 'c')
})

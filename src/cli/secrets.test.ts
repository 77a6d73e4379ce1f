import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { generateKey } from '../modules/secrets/store/key-sources.ts'
import type { Io } from './io.ts'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

const marked = 'PLANTED-VALUE-8812'
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
})
afterEach(() => rm(folder, { recursive: true, maxRetries: 9 }))

async function outrigger(given: { env?: Io['env']; input?: string; terminal?: boolean }, ...argv: string[]) {
  const io = fakeIo({ cwd: folder, env: given.env ?? {} })
  if (given.terminal) Object.assign(io.stdout, { isTTY: true })
  io.stdin.end(given.input ?? '')
  const code = await main(['secrets', ...argv], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

const secrets = (...argv: string[]) => outrigger({}, ...argv)

/** What it printed, where it went well. */
async function out(...argv: string[]): Promise<string> {
  const { code, out, err } = await secrets(...argv)
  assert.equal(code, 0, err)
  return out
}

test('init makes a store and its key for their owner alone, once', async () => {
  assert.match(await out('init'), /^made secrets\.store\nits key is secrets\.key: keep a copy/)
  for (const name of ['secrets.store', 'secrets.key'])
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name)
  const again = await secrets('init')
  assert.deepEqual(
    [again.code, again.err],
    [1, 'outrigger secrets init: secrets.store exists; it is not overwritten\n'],
  )
})

test('set changes the entries that it is given, from the arguments, files and standard input', async () => {
  await out('init')
  await writeFile(join(folder, 'cert.pem'), 'line 1\nline 2\n')
  assert.equal(await out('set', 'app/db', 'user=app', 'cert=@cert.pem'), 'app/db has version 1\n')
  const set = await outrigger({ input: 'hunter=2\n' }, 'set', 'secret/data/app/db', 'password=-')
  assert.deepEqual([set.code, set.out], [0, 'app/db has version 2\n'])
  assert.deepEqual(JSON.parse(await out('get', 'app/db', '--output', 'json')), {
    user: 'app',
    cert: 'line 1\nline 2\n',
    password: 'hunter=2',
  })
  assert.equal(await out('set', 'app/db', 'only=this', '--replace'), 'app/db has version 3\n')
  assert.equal(await out('get', 'app/db'), 'only: this\n')
  assert.equal(await out('get', 'app/db', 'user', '--version', '1'), 'app')
})

test('get ends a value with a new line for a terminal only, and writes what a shell can read', async () => {
  await out('init')
  await out('set', 'a', "k=it's")
  assert.equal((await outrigger({ terminal: true }, 'get', 'a', 'k')).out, "it's\n")
  assert.equal(await out('get', 'a', 'k'), "it's")
  assert.equal(await out('get', 'a#k'), "it's")
  assert.equal(await out('get', 'a', '-o', 'env'), `k='it'\\''s'\n`)
})

test('list and history tell names and times, and no values', async () => {
  await out('init')
  assert.equal((await secrets('list')).err, 'the store is empty\n')
  await out('set', 'app/db', `password=${marked}`)
  await out('set', 'app/db', 'user=x')
  await out('set', 'top', 'a=b')
  assert.equal(await out('list'), 'app/\ntop\n')
  assert.equal(await out('list', 'app'), 'db\n')
  assert.deepEqual([(await secrets('list', 'nope')).code, (await secrets('list', 'nope')).out], [1, ''])
  await out('delete', 'app/db')
  const history = await out('history', 'app/db')
  assert.match(
    history,
    /^VERSION +MADE +STATE +ENTRIES\n2 +\S+Z +deleted \S+Z +password, user\n1 +\S+Z +readable +password\n$/,
  )
  assert.doesNotMatch(history, /PLANTED/)
})

test('delete hides a version until undelete, and with --forever all of them for good', async () => {
  await out('init')
  await out('set', 'a', 'k=1')
  assert.match(
    await out('delete', 'a'),
    /^version 1 of a is deleted; outrigger secrets undelete brings it back/,
  )
  assert.match((await secrets('get', 'a')).err, /version 1 of a in .* was deleted/)
  await out('undelete', 'a')
  assert.equal(await out('get', 'a', 'k'), '1')
  assert.equal(await out('delete', 'a', '--forever'), 'a is gone with all its versions\n')
  assert.match((await secrets('undelete', 'a')).err, /no such version of a/)
  assert.match((await secrets('delete', 'a')).err, /there is no a/)
})

test('rotate PATH KEY makes a random value and keeps the other entries', async () => {
  await out('init')
  await out('set', 'a', 'user=x', 'password=old')
  const told = await out('rotate', 'a', 'password', '--length', '20')
  assert.equal(told, 'password of a has a new random value in version 2\n')
  assert.match(await out('get', 'a', 'password'), /^[A-Za-z0-9]{20}$/)
  assert.equal(await out('get', 'a', 'user'), 'x')
})

test('rotate alone seals the store under a new key', async () => {
  await out('init')
  await out('set', 'a', 'k=1')
  const before = await readFile(join(folder, 'secrets.key'), 'utf8')
  await out('rotate')
  assert.notEqual(await readFile(join(folder, 'secrets.key'), 'utf8'), before)
  assert.equal(await out('get', 'a', 'k'), '1')
})

test('a key of the environment is used, and rotated to one in a file', async () => {
  const env = { OUTRIGGER_STORE_KEY: generateKey(), OUTRIGGER_STORE: 'my.store' }
  await outrigger({ env }, 'init')
  await outrigger({ env }, 'set', 'a', 'k=1')
  assert.match((await outrigger({ env }, 'rotate')).err, /lies in no file: say where the new one is/)
  await writeFile(join(folder, 'new.key'), generateKey(), { mode: 0o600 })
  assert.equal((await outrigger({ env }, 'rotate', '--new-key-file', 'new.key')).code, 0)
  assert.match(
    (await outrigger({ env }, 'get', 'a')).err,
    /sealed under another key than that of OUTRIGGER_STORE_KEY/,
  )
  assert.equal(await out('get', 'a', 'k', '--store', 'my.store', '--key-file', 'new.key'), '1')
})

test('a passphrase of the environment opens its store', async () => {
  const env = { OUTRIGGER_STORE_PASSPHRASE: 'correct horse' }
  await outrigger({ env }, 'init')
  await outrigger({ env }, 'set', 'a', 'k=1')
  assert.equal((await outrigger({ env }, 'get', 'a', 'k')).out, '1')
  assert.match((await outrigger({ env: { OUTRIGGER_STORE_PASSPHRASE: 'x' } }, 'get', 'a')).err, /another key/)
})

test('the store of the configuration is the one that is meant', async () => {
  await writeFile(
    join(folder, 'outrigger.yaml'),
    `secrets:
  sources:
    - environment: {}
    - store: { name: mine, path: ${folder}/of-config.store, keyFile: ${folder}/of-config.key, mount: kv }
`.replace('    - environment: {}\n', ''),
  )
  await out('init')
  await out('set', 'kv/data/app', 'k=1')
  assert.equal(await out('get', 'kv/app', 'k', '--source', 'mine'), '1')
  assert.ok((await stat(join(folder, 'of-config.key'))).isFile())
  assert.match((await secrets('list', '--source', 'other')).err, /no store named "other"/)
  await writeFile(join(folder, 'outrigger.yaml'), 'secrets: { sources: [ { stor: {} } ] }')
  assert.match((await secrets('list')).err, /the configuration cannot be used:\n.*stor/s)
})

const imports: [string, Record<string, string>, string[], Record<string, unknown>][] = [
  ['.env', { 'app.env': 'A=1\nB="two"' }, ['app.env', '--path', 'app'], { app: { A: '1', B: 'two' } }],
  [
    'YAML with paths',
    { 'all.yaml': 'app/db: {user: x, port: 5432}\ntop: {a: b}' },
    ['all.yaml'],
    { 'app/db': { user: 'x', port: 5432 }, top: { a: 'b' } },
  ],
  [
    'JSON of one secret',
    { 'one.json': '{"a":1,"b":{"c":2}}' },
    ['one.json', '--path', 'x/y'],
    { 'x/y': { a: 1, b: { c: 2 } } },
  ],
  [
    'what vault kv get prints',
    {
      'kv.json': JSON.stringify({
        request_id: 'r',
        lease_duration: 0,
        data: { data: { p: 'q' }, metadata: { version: 3 } },
      }),
    },
    ['kv.json', '--path', 'app'],
    { app: { p: 'q' } },
  ],
  [
    'what vault kv get prints of KV version 1',
    { 'kv.json': JSON.stringify({ request_id: 'r', lease_duration: 2764800, data: { data: 'x', p: 'q' } }) },
    ['kv.json', '--path', 'app'],
    { app: { data: 'x', p: 'q' } },
  ],
  [
    'a folder',
    { 'dir/user': 'x', 'dir/password': 'y\n', 'dir/sub/k': 'v', 'dir/.hidden': 'no' },
    ['dir', '--path', 'app'],
    { app: { user: 'x', password: 'y\n' }, 'app/sub': { k: 'v' } },
  ],
  [
    'a file of another name',
    { list: 'A=1' },
    ['list', '--format', 'env', '--path', 'app'],
    { app: { A: '1' } },
  ],
]
for (const [name, files, argv, expected] of imports)
  test(`import takes ${name}`, async () => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    await out('init')
    const told = await out('import', ...argv)
    for (const [path, data] of Object.entries(expected)) {
      assert.deepEqual(JSON.parse(await out('get', path, '-o', 'json')), data)
      assert.ok(
        told.includes(
          `${path}: ${Object.keys(data as object)
            .sort()
            .join(', ')}`,
        ) || told.includes(`${path}: `),
      )
    }
  })

test('import follows the links of a mounted Secret, and keeps entries that the file does not name', async () => {
  await mkdir(join(folder, 'mounted/..2026'), { recursive: true })
  await writeFile(join(folder, 'mounted/..2026/password'), 'x')
  await symlink('..2026', join(folder, 'mounted/..data'))
  await symlink('..data/password', join(folder, 'mounted/password'))
  await out('init')
  await out('set', 'app', 'user=me')
  assert.equal(await out('import', 'mounted', '--path', 'app'), 'app: password\n')
  assert.equal(await out('get', 'app'), 'user: me\npassword: x\n')
})

test('an import that cannot be read in whole changes nothing', async () => {
  await out('init')
  await writeFile(join(folder, 'bad.yaml'), `good: {a: b}\n"bad//path": {c: ${marked}}`)
  const { code, err } = await secrets('import', 'bad.yaml')
  assert.equal(code, 1)
  assert.match(err, /"bad\/\/path" is no path of a secret/)
  assert.doesNotMatch(err, /PLANTED/)
  assert.equal(await out('list'), '')
})

test('a file of SOPS is not taken for its ciphertexts', async () => {
  await out('init')
  const files = {
    'a.yaml': 'db: {password: "ENC[AES256_GCM,data:x]"}\nsops: {mac: x, version: 3.9.0}',
    'a.env': 'PASSWORD=ENC[AES256_GCM,data:x]\nsops_mac=x\nsops_version=3.9.0',
  }
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text)
    const { code, err } = await secrets('import', name, '--path', 'app')
    assert.equal(code, 1)
    assert.match(err, /is encrypted by SOPS: a source sops reads it/)
  }
  assert.equal(await out('list'), '')
})

test('a store does not become larger than a sidecar reads it', async () => {
  await out('init')
  await writeFile(join(folder, 'large'), Buffer.alloc(17 * 1024 * 1024, 'x'))
  const { code, err } = await secrets('set', 'app', 'v=@large')
  assert.equal(code, 1)
  assert.match(err, /would have \d+ bytes, and maxSize allows 16777216/)
  assert.equal(await out('list'), '')
})

const mistakes: [string[], number, RegExp][] = [
  [[], 2, /expected init, set, get, .* or render, got nothing/],
  [['put'], 2, /got "put"/],
  [['set', 'a'], 2, /secrets set: expected PATH KEY=VALUE/],
  [['set', 'a', marked], 2, /argument 2: expected KEY=VALUE, KEY=@FILE or KEY=-/],
  [['set', 'a', 'k=-', 'l=-'], 2, /standard input can be only one value/],
  [['set', 'a', 'k=v', '--cas', 'x'], 2, /--cas: expected a whole number/],
  [['set', 'a', 'k=v', '--cas', '4'], 1, /check-and-set parameter did not match/],
  [['set', '/', 'k=v'], 1, /"\/" is no path of a secret/],
  [['set', '../a', 'k=v'], 1, /"\.\.\/a" is no path of a secret/],
  [['set', 'a/./b', 'k=v'], 1, /"a\/\.\/b" is no path of a secret/],
  [['set', 'a', 'k=@nope'], 1, /nope cannot be read: ENOENT/],
  [['get'], 2, /expected PATH \[KEY\]/],
  [['get', 'a', '-o', 'xml'], 2, /--output: expected value, yaml/],
  [['get', 'nope'], 1, /has no nope; outrigger secrets list/],
  [['get', 'a', '--length', '4'], 2, /takes no --length/],
  [['delete', 'a', '--forever', '--version', '1'], 2, /remove --version/],
  [['rotate', 'a'], 2, /expected PATH KEY, or nothing/],
  [['rotate', 'a', 'k', '--length', '3'], 2, /expected 8 to 1024/],
  [['import', '-'], 2, /--format is missing/],
  [['import', 'nope.yaml'], 1, /nope\.yaml cannot be read: ENOENT/],
  [['history', 'nope'], 1, /there is no nope/],
]
for (const [argv, expected, message] of mistakes)
  test(`outrigger secrets ${argv.join(' ')} says what is wrong`, async () => {
    await out('init')
    const { code, err, out: printed } = await secrets(...argv)
    assert.match(err, message)
    assert.equal(code, expected)
    assert.doesNotMatch(err + printed, /PLANTED/)
  })

test('without a store every action says how to make one', async () => {
  for (const argv of [['get', 'a'], ['list'], ['set', 'a', 'k=v'], ['rotate']])
    assert.match(
      (await secrets(...argv)).err,
      /there is no .*secrets\.store; outrigger secrets init makes a store/,
    )
})

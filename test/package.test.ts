// What is published, as it is: the launcher and the bundle, without the sources and without any package beside them.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'

const root = dirname(import.meta.dirname)
let folder = ''
let launcher = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-package-'))
  launcher = join(folder, 'bin/outrigger.js')
  for (const part of ['bin', 'catalog', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true })
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), '--quiet', '--out', join(folder, 'dist')])
})
after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

test('the bundle runs by itself', () => {
  const { stdout, status } = spawnSync(process.execPath, [launcher, 'version'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.match(stdout, /^outrigger \d/)
  assert.equal(status, 0)
})

test('the bundle knows every module: its reference is all there', () => {
  const schema = spawnSync(process.execPath, [launcher, 'schema'], { encoding: 'utf8' }).stdout
  assert.ok('logs' in JSON.parse(schema).properties)
})

test('the bundle brings the approved sidecars', () => {
  const { stdout, status } = spawnSync(process.execPath, [launcher, 'catalog', 'list'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.match(stdout, /^outrigger +\d/m)
  assert.equal(status, 0)
})

test('a store is written and searched from the bundle', { timeout: 30_000 }, async () => {
  const log = join(folder, 'app.log')
  writeFileSync(log, '{"message":"hello from the bundle","status":500}\n')
  const store = { path: join(folder, 'logs.db'), flushInterval: '10ms' }
  const config = {
    admin: { listen: '127.0.0.1:0' },
    dataDir: join(folder, 'data'),
    logs: { inputs: [{ tail: { paths: [log] } }], outputs: [{ store }] },
  }
  writeFileSync(join(folder, 'outrigger.yaml'), JSON.stringify(config))
  const sidecar = spawn(process.execPath, [launcher, 'run'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const search = () =>
    spawnSync(process.execPath, [launcher, 'logs', '--store', store.path, '--json', 'status == 500'], {
      encoding: 'utf8',
    }).stdout
  while (sidecar.exitCode === null && search() === '') await new Promise(resolve => setTimeout(resolve, 50))
  assert.equal(search(), '{"message":"hello from the bundle","status":500}\n')
  sidecar.kill('SIGTERM')
  const [code] = await once(sidecar, 'exit')
  assert.equal(code, 0)
})

/** A Node on the PATH that is too old, as many machines have one. */
const oldNode = (process.env.PATH ?? '')
  .split(delimiter)
  .map(it => join(it, 'node'))
  .find(isTooOld)

if (oldNode !== undefined) {
  test('under an old Node it runs on the one that npm installed beside it', () => {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const { stdout } = spawnSync(oldNode, [launcher, 'version'], { encoding: 'utf8' })
    rmSync(join(folder, 'node_modules'))
    assert.match(stdout, new RegExp(`^node ${process.versions.node}$`, 'm'))
  })

  test('without one it says what to install', () => {
    const { stderr, status } = spawnSync(oldNode, [launcher, 'version'], { encoding: 'utf8' })
    assert.match(stderr, /needs Node\.js 24 or newer; this is v\d+/)
    assert.equal(status, 1)
  })
}

function isTooOld(node: string): boolean {
  const { stdout, status } = spawnSync(node, ['--version'], { encoding: 'utf8' })
  return status === 0 && Number(/^v(\d+)/.exec(stdout)?.[1]) < 24
}

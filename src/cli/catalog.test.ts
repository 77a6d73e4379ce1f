import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

const BUILT_IN = join(import.meta.dirname, '../../catalog')
const REDIS = readFileSync(join(BUILT_IN, 'redis-exporter.yaml'), 'utf8')

async function folder(t: TestContext): Promise<string> {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-catalog-'))
  t.after(() => rm(cwd, { recursive: true, force: true, maxRetries: 9 }))
  return cwd
}

async function catalog(cwd: string, ...argv: string[]) {
  const io = fakeIo({ cwd })
  const code = await main(['catalog', ...argv], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

describe('outrigger catalog list', () => {
  test('names the approved sidecars with what they take', async () => {
    const { code, out, err } = await catalog('/', 'list')
    assert.match(out, /^NAME +VERSION +ALSO/)
    assert.match(out, /^outrigger +1\.0\.0 +logs, proxy +25m–500m +96Mi–256Mi +Ships logs/m)
    assert.match(out, /^vault-agent /m)
    assert.deepEqual([code, err], [0, ''])
  })

  test('prints JSON and YAML', async () => {
    const json = JSON.parse((await catalog('/', 'list', '-o', 'json')).out) as {
      name: string
      hash: string
    }[]
    assert.ok(json.some(({ name, hash }) => name === 'envoy' && /^sha256:/.test(hash)))
    assert.match((await catalog('/', 'list', '-o', 'yaml')).out, /^- name: cloud-sql-proxy$/m)
  })

  test('says what it does not understand', async () => {
    const xml = await catalog('/', 'list', '-o', 'xml')
    assert.match(xml.err, /expects table, json, yaml, got "xml"/)
    const none = await catalog('/', 'lst')
    assert.match(none.err, /expected list, show, validate or diff, got "lst"/)
    const more = await catalog('/', 'list', 'x')
    assert.deepEqual([xml.code, none.code, more.code], [2, 2, 2])
  })
})

describe('outrigger catalog show', () => {
  test('tells what an entry adds, takes, waives and asks', async () => {
    const { code, out } = await catalog('/', 'show', 'logs')
    assert.match(out, /^outrigger 1\.0\.0$/m)
    assert.match(out, /^ {2}outrigger +sidecar +25m–500m +96Mi–256Mi +outrigger\/outrigger:/m)
    assert.match(out, /^ {2}logs\.format {2}\(one of json, raw, logfmt, regex; default json\)$/m)
    assert.match(out, /capabilities\.add +NET_ADMIN/)
    assert.equal(code, 0)
  })

  for (const name of ['outrigger', 'envoy', 'vault-agent'])
    test(`prints ${name} as it could stand in a catalogue`, async t => {
      const cwd = await folder(t)
      for (const format of ['yaml', 'json']) {
        const { out } = await catalog(cwd, 'show', name, '-o', format)
        writeFileSync(join(cwd, `own.${format}`), out)
        const { code, err } = await catalog(cwd, 'validate', `own.${format}`)
        assert.deepEqual([code, err], [0, ''])
      }
    })

  test('takes a version, and suggests a name', async () => {
    assert.match((await catalog('/', 'show', 'envoy@1')).out, /^envoy 1\.0\.0$/m)
    const missed = await catalog('/', 'show', 'envoi')
    assert.match(missed.err, /there is no sidecar "envoi" in the catalogue\n {4}hint: did you mean "envoy"\?/)
    assert.equal(missed.code, 1)
    assert.match((await catalog('/', 'show', 'envoy@7')).err, /no version 7 .*\n.*there are 1\.0\.0/)
  })
})

describe('outrigger catalog validate', () => {
  test('finds nothing in what comes with Outrigger', async () => {
    const { code, out, err } = await catalog('/', 'validate')
    assert.match(out, /^\d+ files are without a mistake\.\n$/)
    assert.deepEqual([code, err], [0, ''])
  })

  test('tells every mistake of every file with its place', async t => {
    const cwd = await folder(t)
    writeFileSync(join(cwd, 'a.yaml'), REDIS.replaceAll(':v1.74.0', ':latest'))
    writeFileSync(join(cwd, 'b.yaml'), 'kind: Pod\n')
    const { code, err } = await catalog(cwd, 'validate', 'a.yaml', 'b.yaml')
    assert.match(err, /^a\.yaml:\d+:\d+ +containers\[0\]\.container\.image\n {4}the tag latest moves/)
    assert.match(err, /^b\.yaml:1:1\n {4}this is no entry of a catalogue/m)
    assert.match(err, /^3 problems\.$/m)
    assert.equal(code, 1)
  })

  test('ends with 2 when a path cannot be read', async t => {
    const { code, err } = await catalog(await folder(t), 'validate', 'nowhere.yaml', 'nowhere.tar')
    assert.match(err, /nowhere\.tar\n {4}there is no such file/)
    assert.equal(code, 2)
  })
})

describe('a catalogue', () => {
  test('may be an archive, packed or not', async t => {
    const cwd = await folder(t)
    execFileSync('tar', ['-C', BUILT_IN, '-cf', join(cwd, 'a.tar'), '.'])
    writeFileSync(join(cwd, 'b.tgz'), gzipSync(readFileSync(join(cwd, 'a.tar'))))
    const whole = (await catalog(cwd, 'list')).out
    for (const name of ['a.tar', 'b.tgz'])
      assert.equal((await catalog(cwd, 'list', '--catalog', name)).out, whole)
  })

  const archives: readonly (readonly [what: string, bytes: () => Buffer, told: RegExp])[] = [
    [
      'that unpacks to too much',
      () => gzipSync(Buffer.alloc(20 * 1024 * 1024)),
      /unpacked it is larger than 16 MiB/,
    ],
    [
      'that is damaged',
      () => gzipSync(Buffer.from('x'.repeat(1000))).subarray(0, 20),
      /no gzip, or it is damaged/,
    ],
    ['that is none', () => Buffer.from('x'.repeat(1000)), /no tar archive/],
  ]
  for (const [what, bytes, told] of archives)
    test(`may not be an archive ${what}`, async t => {
      const cwd = await folder(t)
      writeFileSync(join(cwd, 'a.tar.gz'), bytes())
      const { code, err } = await catalog(cwd, 'list', '--catalog', 'a.tar.gz')
      assert.match(err, told)
      assert.equal(code, 2)
    })

  test('may be a ConfigMap', async t => {
    const cwd = await folder(t)
    const map = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'sidecars' },
      data: { 'redis.yaml': REDIS },
    }
    writeFileSync(join(cwd, 'map.json'), JSON.stringify(map))
    assert.match((await catalog(cwd, 'list', '--catalog', 'map.json')).out, /^redis-exporter /m)
  })

  test('of several takes the later entry only when told', async t => {
    const cwd = await folder(t)
    writeFileSync(join(cwd, 'own.yaml'), REDIS.replace('owner: outrigger', 'owner: us'))
    const both = ['--catalog', 'builtin', '--catalog', 'own.yaml']
    const refused = await catalog(cwd, 'list', ...both)
    assert.match(refused.err, /redis-exporter@1\.0\.0 is there already/)
    assert.equal(refused.code, 2)
    const { out } = await catalog(cwd, 'show', 'redis-exporter', '--replace', ...both)
    assert.match(out, /^owner +us$/m)
  })
})

describe('outrigger catalog diff', () => {
  async function changed(t: TestContext, change: (text: string) => string) {
    const cwd = await folder(t)
    for (const name of ['a', 'b']) mkdirSync(join(cwd, name))
    cpSync(join(BUILT_IN, 'envoy.yaml'), join(cwd, 'a/envoy.yaml'))
    writeFileSync(join(cwd, 'a/redis.yaml'), REDIS)
    writeFileSync(join(cwd, 'b/redis.yaml'), change(REDIS).replace('version: 1.0.0', 'version: 1.1.0'))
    return catalog(cwd, 'diff', 'a', 'b')
  }

  test('tells an image, and that pods need no more than that', async t => {
    const { code, out } = await changed(t, text => text.replaceAll('v1.74.0', 'v1.75.0'))
    assert.match(out, /^- envoy@1\.0\.0$/m)
    assert.match(out, /^~ redis-exporter 1\.0\.0 → 1\.1\.0: running pods need only the new image/m)
    assert.match(
      out,
      /image +containers\[redis-exporter\]\.image +docker\.io\/\S+:v1\.74\.0\s+→\s+docker\.io\/\S+:v1\.75\.0/,
    )
    assert.equal(code, 1)
  })

  test('tells resources, security and parameters, and that pods must be made anew', async t => {
    const { out } = await changed(t, text =>
      text.replace('default: 64Mi', 'default: 96Mi').replace('runAsUser: 59000', 'runAsUser: 59001'),
    )
    assert.match(out, /pods get this when they are made anew/)
    assert.match(out, /security +containers\[redis-exporter\]\.securityContext\.runAsUser +59000 → 59001/)
    assert.match(out, /parameters +parameters\.resources\.memoryLimit\.default +64Mi → 96Mi/)
  })

  test('tells that running pods stay as they are, where only words differ', async t => {
    const { out } = await changed(t, text => text.replace('owner: outrigger', 'owner: us'))
    assert.match(out, /~ redis-exporter 1\.0\.0 → 1\.1\.0: running pods stay as they are/)
  })

  test('warns of a change under the same version, and is content with none', async t => {
    const cwd = await folder(t)
    writeFileSync(join(cwd, 'a.yaml'), REDIS)
    writeFileSync(join(cwd, 'b.yaml'), REDIS.replace('owner: outrigger', 'owner: us'))
    assert.match((await catalog(cwd, 'diff', 'a.yaml', 'b.yaml')).out, /\(the same version!\)/)
    const same = await catalog(cwd, 'diff', 'a.yaml', 'a.yaml')
    assert.deepEqual([same.code, same.out], [0, 'There is no difference.\n'])
  })

  test('compares two versions of an entry', async t => {
    const cwd = await folder(t)
    const next = REDIS.replace('version: 1.0.0', 'version: 1.1.0').replaceAll('v1.74.0', 'v1.75.0')
    writeFileSync(join(cwd, 'a.yaml'), `${REDIS}---\n${next}`)
    const { out } = await catalog(
      cwd,
      'diff',
      'redis-exporter@1.0.0',
      'redis-exporter@1.1',
      '--catalog',
      'a.yaml',
    )
    assert.match(out, /1\.0\.0 → 1\.1\.0/)
    const json = await catalog(
      cwd,
      'diff',
      'redis-exporter@1.0.0',
      'redis-exporter@1.1',
      '--catalog',
      'a.yaml',
      '-o',
      'json',
    )
    assert.equal(JSON.parse(json.out).changed[0].pods, 'image')
  })

  test('needs two', async () => {
    const { code, err } = await catalog('/', 'diff', 'a')
    assert.match(err, /expected two catalogues/)
    assert.equal(code, 2)
  })
})

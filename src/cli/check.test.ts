import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock, type TestContext, test } from 'node:test'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

async function check(t: TestContext, files: Readonly<Record<string, string>>, ...argv: string[]) {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-check-'))
  t.after(() => rm(cwd, { recursive: true, force: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
  const io = fakeIo({ cwd })
  const code = await main(['check', ...argv], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

test('says that a configuration is valid, what it names and its hash', async t => {
  const { code, out, err } = await check(t, { 'a.yaml': 'log: { level: debug }' }, '-c', 'a.yaml')
  assert.match(out, /^a\.yaml is valid: no modules; hash [0-9a-f]{12}\n$/)
  assert.deepEqual([code, err], [0, ''])
})

test('takes several files together', async t => {
  const files = { 'a.yaml': 'log: { level: debug }', 'b.yaml': 'dataDir: /x' }
  const { code, out } = await check(t, files, '-c', 'a.yaml', '--config=b.yaml')
  assert.match(out, /^a\.yaml, b\.yaml are valid: /)
  assert.equal(code, 0)
})

test('finds outrigger.yaml in the current folder', async t => {
  const { code, out } = await check(t, { 'outrigger.yaml': 'dataDir: /x' })
  assert.match(out, /^outrigger\.yaml is valid/)
  assert.equal(code, 0)
})

test('reports problems on stderr and ends with 2', async t => {
  const { code, out, err } = await check(t, { 'a.yaml': 'log: { levle: debug }' }, '-c', 'a.yaml')
  assert.equal(
    err,
    'a.yaml:1:8  log.levle\n    unknown option; did you mean "level"?\n1 problem, nothing was started.\n',
  )
  assert.deepEqual([code, out], [2, ''])
})

test('tells of documents that it has skipped, and where they stand', async t => {
  const gateway = 'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: public}\n'
  const proxy = `proxy:
  listeners: [{listen: "127.0.0.1:1", upstream: back}]
  upstreams: {back: {endpoints: [{address: "127.0.0.1:2"}]}}
  routeFiles: [routes.yaml]
`
  const { code, out, err } = await check(t, { 'a.yaml': proxy, 'routes.yaml': gateway }, '-c', 'a.yaml')
  assert.match(
    out,
    /^routes\.yaml:1:1 {2}Gateway public is skipped: .*\na\.yaml is valid: .*; 1 document skipped\n$/,
  )
  assert.deepEqual([code, err], [0, ''])
})

test('tells that this machine cannot ask for original destinations, where a listener would', async t => {
  const real = process.getBuiltinModule
  mock.method(process, 'getBuiltinModule', (name: string) =>
    name === 'node:ffi' ? undefined : real.call(process, name),
  )
  t.after(() => mock.restoreAll())
  const captured = 'proxy:\n  listeners: [{listen: "127.0.0.1:1", outbound: {}}]\n'
  const { code, out } = await check(t, { 'a.yaml': captured }, '-c', 'a.yaml')
  assert.match(
    out,
    /^a\.yaml:2:\d+ {2}Node \S+ has no node:ffi.*; captured connections go by their host.*\na\.yaml is valid/,
  )
  assert.equal(code, 0)
})

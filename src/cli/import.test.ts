import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

async function imported(text: string, ...argv: string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'outrigger-import-'))
  try {
    writeFileSync(join(cwd, 'mesh.yaml'), text)
    const io = fakeIo({ cwd })
    const code = await main(['import', ...argv], io)
    return { code, out: io.stdout.text, err: io.stderr.text }
  } finally {
    rmSync(cwd, { recursive: true, maxRetries: 9 })
  }
}

const service = (more: string) => `
kind: VirtualService
metadata: { name: a, namespace: n }
spec:
  hosts: [a]
  http: [{ route: [{ destination: { host: a, port: { number: 80 } } }]${more} }]
`

test('outrigger import istio prints routes and clusters as YAML', async () => {
  const { code, out, err } = await imported(service(''), 'istio', 'mesh.yaml')
  assert.equal(code, 0)
  assert.equal(err, '')
  const { routes, clusters } = parse(out) as { routes: { kind: string }[]; clusters: object }
  assert.deepEqual(
    routes.map(({ kind }) => kind),
    ['HTTPRoute'],
  )
  assert.deepEqual(clusters, {})
})

test('what cannot be carried over is told on stderr, and by the exit code', async () => {
  const { code, out, err } = await imported(service(', fault: {}'), 'istio', 'mesh.yaml')
  assert.equal(code, 1)
  assert.match(out, /^routes:/)
  assert.match(err, /^VirtualService\/n\/a {2}spec\.http\[0\]\.fault\n {4}is not carried over/)
})

const mistakes: [argv: string[], code: number, message: RegExp][] = [
  [[], 2, /FILE is missing/],
  [['istio'], 2, /FILE is missing/],
  [['consul', 'mesh.yaml'], 2, /cannot import "consul", only istio/],
  [['istio', 'none.yaml'], 1, /none\.yaml: ENOENT/],
]

for (const [argv, expected, message] of mistakes) {
  test(`outrigger import ${argv.join(' ')} is a mistake`, async () => {
    const { code, out, err } = await imported('', ...argv)
    assert.equal(code, expected)
    assert.equal(out, '')
    assert.match(err, message)
  })
}

test('a file that is no YAML is a mistake', async () => {
  const { code, err } = await imported('a: [', 'istio', 'mesh.yaml')
  assert.equal(code, 1)
  assert.match(err, /^outrigger import: mesh\.yaml: /)
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { at } from './json.ts'
import { readManifests } from './read.ts'
import { containersOf, workloads } from './workload.ts'

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
spec:
  initContainers:
    - {name: setup, image: a}
    - {name: proxy, image: b, restartPolicy: Always}
  containers:
    - name: app
      image: c
`

describe('reading manifests', () => {
  it('gives every document with its kind and the places of its values', () => {
    const { documents, problems } = readManifests(
      'a.yaml',
      `${POD}---\n# nothing\n---\nservices: {web: {image: a}}\n---\n[1]\n`,
    )
    assert.deepEqual(problems, [])
    assert.deepEqual(
      documents.map(({ kind }) => kind),
      ['kubernetes', 'compose', 'other'],
    )
    assert.deepEqual(documents[0]?.locate(['spec', 'containers', 0, 'image']), { line: 11, column: 14 })
    assert.deepEqual(documents[0]?.locate(['spec', 'containers', 0, 'resources']), { line: 10, column: 7 })
  })

  it('leads from a merged value to where it is written', () => {
    const { documents } = readManifests('a.yaml', 'a: &x {k: 1}\nb:\n  <<: *x\n  own: 2\n')
    assert.deepEqual(documents[0]?.value, { a: { k: 1 }, b: { k: 1, own: 2 } })
    assert.deepEqual(documents[0]?.locate(['b', 'k']), { line: 1, column: 11 })
  })

  const wrong: readonly (readonly [what: string, text: string, message: RegExp, line?: number])[] = [
    ['a tab', 'a:\n\tb: 1\n', /tab/, 2],
    ['a key given twice', 'a: 1\nb: 2\na: 3\n', /"a" is given twice/, 3],
    ['an alias without anchor', 'a: *b\n', /no anchor/, 1],
    ['binary data', 'a: \0\x01', /binary/],
    ['aliases that multiply', `a: &a [${'x,'.repeat(20)}]\n${bomb()}`, /stand for too much/],
    ['an alias of itself', 'a: &a\n  b: *a\n', /stands? for|itself|circular/i],
    ['a Helm template', 'kind: Pod\nmetadata:\n  {{- if .x }}\n  name: a\n', /./, 3],
  ]
  for (const [what, text, message, line] of wrong)
    it(`tells ${what} with its place`, () => {
      const { documents, problems } = readManifests('a.yaml', text)
      assert.equal(documents.length, 0)
      assert.match(problems[0]?.message ?? '', message)
      if (line !== undefined) assert.equal(problems[0]?.position?.line, line)
    })

  it('reads on after a document that is wrong', () => {
    const { documents, problems } = readManifests('a.yaml', `a: [1\n---\n${POD}`)
    assert.equal(documents.length + problems.length, 2)
  })

  it('takes CRLF, a BOM and JSON', () => {
    for (const text of [
      POD.replaceAll('\n', '\r\n'),
      `\ufeff${POD}`,
      JSON.stringify(readManifests('', POD).documents[0]?.value),
    ])
      assert.deepEqual(
        readManifests('', text).documents[0]?.value,
        readManifests('', POD).documents[0]?.value,
      )
  })
})

describe('workloads', () => {
  it('are found in a List, with containers of both lists and their roles', () => {
    const pod = readManifests('', POD).documents[0]!.value
    const list = { apiVersion: 'v1', kind: 'List', items: [{ apiVersion: 'v1', kind: 'Service' }, pod] }
    const [found, ...more] = workloads(list)
    assert.equal(more.length, 0)
    assert.deepEqual(found, { kind: 'Pod', name: 'web', object: ['items', 1], template: ['items', 1] })
    const roles = containersOf(at(list, found!.template)).map(({ name, role }) => [name, role])
    assert.deepEqual(roles, [
      ['setup', 'init'],
      ['proxy', 'sidecar'],
      ['app', 'app'],
    ])
  })

  it('of unknown kinds are none', () => {
    for (const value of [
      null,
      1,
      [],
      {},
      { apiVersion: 'apps/v1', kind: 'constructor', spec: {} },
      { apiVersion: 'x/v1', kind: 'Pod', spec: {} },
    ])
      assert.deepEqual(workloads(value), [])
  })
})

function bomb(): string {
  let text = ''
  for (const [name, of] of ['ba', 'cb', 'dc', 'ed']) text += `${name}: &${name} [${`*${of},`.repeat(9)}]\n`
  return text
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { linted } from './lint-fake.ts'

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: fluent-bit, image: fluent/fluent-bit:latest }
`

const ids = (text: string) => linted(text).findings.map(({ check }) => check)

describe('the linter', () => {
  it('gives the place of what is wrong, and whose it is', () => {
    const found = linted(POD).findings.find(({ check }) => check === 'SC021')!
    assert.deepEqual(found.position, { line: 9, column: 27 })
    assert.equal(found.subject, 'Pod shop/web')
    assert.equal(found.file, 'manifest.yaml')
  })

  it('looks at every document, List and template, and at nothing that has no pod', () => {
    const pod = (kind: string, apiVersion: string) => ({
      apiVersion,
      kind,
      metadata: { name: 'x' },
      spec: { template: { spec: { containers: [{ name: 'a', image: 'a:1' }] } } },
    })
    const text = [
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } },
      pod('Deployment', 'apps/v1'),
      { apiVersion: 'v1', kind: 'List', items: [pod('StatefulSet', 'apps/v1'), pod('Job', 'batch/v1')] },
      pod('Unknown', 'example.com/v1'),
    ]
    assert.equal(linted(text.map(each => stringify(each)).join('---\n')).subjects, 3)
  })

  it('leaves out what is waived with a reason, and says when a waiver does nothing', () => {
    const waived = (lines: string) => POD.replace('  namespace: shop\n', `  annotations:\n${lines}`)
    const one = linted(waived('    outrigger.dev/lint-ignore.SC021: it is a test\n'))
    assert.ok(!one.findings.some(({ check }) => check === 'SC021'))
    assert.deepEqual(
      one.waived.map(({ check, reason }) => [check, reason]),
      [['SC021', 'it is a test']],
    )
    const empty = linted(waived('    outrigger.dev/lint-ignore.SC021: ""\n'))
    assert.ok(empty.findings.some(({ check }) => check === 'SC021'))
    assert.match(empty.findings.find(({ check }) => check === 'SC000')!.message, /no reason/)
    assert.match(
      linted(waived('    outrigger.dev/lint-ignore.SC999: why\n')).findings.find(
        ({ check }) => check === 'SC000',
      )!.message,
      /"SC999" is no check/,
    )
  })

  it('waives for services by labels, annotations and x-outrigger, of the service or of the file', () => {
    const waivers: readonly (readonly [where: string, file: string, service: string])[] = [
      ['labels', '', 'labels: { outrigger.dev/lint-ignore.SC104: tiny }'],
      ['a list of labels', '', 'labels: [outrigger.dev/lint-ignore.SC104=tiny]'],
      ['a list of annotations', '', 'annotations: [outrigger.dev/lint-ignore.SC104=tiny]'],
      ['x-outrigger', '', 'x-outrigger: { lint-ignore.SC104: tiny }'],
      ['x-outrigger of the file', 'x-outrigger: { lint-ignore.SC104: tiny }\n', 'init: true'],
    ]
    const compose = (file: string, service: string) =>
      linted(
        `${file}services:\n  web: { image: shop/web:1 }\n  fluent-bit: { image: fluent/fluent-bit:4.0.3, ${service} }\n`,
      )
    assert.ok(compose('', 'init: true').findings.some(({ check }) => check === 'SC104'))
    assert.equal(compose('', 'init: true').subjects, 2)
    for (const [where, file, service] of waivers) {
      const { findings, waived } = compose(file, service)
      assert.deepEqual(
        findings.filter(({ check }) => check === 'SC104' || check === 'SC000'),
        [],
        where,
      )
      assert.deepEqual(
        waived.map(({ check, reason, subject }) => [check, reason, subject]),
        [['SC104', 'tiny', 'service fluent-bit']],
        where,
      )
    }
    const bad = compose('x-outrigger: { lint-ignore.SC104: "" }\n', 'init: true')
    assert.equal(bad.findings.filter(({ check }) => check === 'SC000').length, 1)
  })

  it('gives a finding one fingerprint, wherever it stands', () => {
    const print = (text: string) => linted(text).findings.find(({ check }) => check === 'SC021')!.fingerprint
    const moved = `# a comment\n${POD.replace('  containers:\n', '  containers:\n    - { name: first, image: first:1 }\n')}`
    assert.equal(print(moved), print(POD))
    assert.notEqual(print(POD.replace('name: web', 'name: other')), print(POD))
  })

  it('counts one program alone as an application, whatever it is', () => {
    const text = POD.replace('    - { name: web, image: mycompany/web:2.1 }\n', '')
    assert.deepEqual(ids(text), [])
  })

  it('tells documents that cannot be read beside the findings of the others', () => {
    const { problems, findings } = linted(`a: [1\n---\n${POD}`)
    assert.equal(problems.length, 1)
    assert.ok(findings.length > 0)
  })

  it('survives whatever stands in a manifest', () => {
    const word = fc.constantFrom(
      ...[
        'containers',
        'initContainers',
        'volumes',
        'resources',
        'requests',
        'limits',
        'cpu',
        'name',
        'image',
        'ports',
      ],
      ...[
        'securityContext',
        'lifecycle',
        'preStop',
        'exec',
        'command',
        'env',
        'volumeMounts',
        'startupProbe',
        'httpGet',
      ],
      ...[
        'metadata',
        'annotations',
        'labels',
        'emptyDir',
        'fluent-bit',
        'istio-proxy',
        'restartPolicy',
        'Always',
        '__proto__',
      ],
    )
    const { tree } = fc.letrec(tie => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.oneof(word, fc.integer(), fc.constant(null), fc.boolean(), fc.string()),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(word, tie('tree'), { maxKeys: 5 }),
      ),
    }))
    const container = fc
      .dictionary(word, tree)
      .map(more => ({ ...more, name: 'fluent-bit', image: 'fluent/fluent-bit:1' }))
    fc.assert(
      fc.property(tree, tree, fc.array(container, { maxLength: 3 }), (spec, metadata, containers) => {
        for (const template of [
          { spec, metadata },
          { spec: { ...(spec as object), containers, initContainers: spec }, metadata },
        ])
          linted(JSON.stringify({ apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template } }))
        linted(JSON.stringify({ services: spec }))
      }),
      { numRuns: 300 },
    )
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {outrigger.dev/inject: logs}
    spec:
      containers: [{name: web, image: 'shop/web:1.2.3'}]
`
const COMPOSE =
  'services:\n  web:\n    image: a\n    labels: {outrigger.dev/inject: logs}\n  db: {image: b}\n'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-status-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

async function outrigger(argv: readonly string[], input = '') {
  const io = fakeIo({ cwd: folder, env: { PATH: folder } })
  io.stdin.end(input)
  const code = await main(argv, io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

const injected = async (text: string) => (await outrigger(['inject', '-'], text)).out

describe('outrigger status', () => {
  it('shows what workloads and services have', async () => {
    await writeFile(join(folder, 'a.yaml'), await injected(DEPLOYMENT))
    await writeFile(join(folder, 'b.yaml'), await injected(COMPOSE))
    const { code, out, err } = await outrigger(['status', '-f', '.'])
    assert.equal(code, 0)
    assert.match(
      out,
      /^WORKLOAD +SIDECAR +VERSION +STATE\nDeployment shop\/web +outrigger +\S+ +as in the catalogue\nservice web +outrigger +\S+ +as in the catalogue\n$/,
    )
    assert.equal(err, '3 workloads, 2 with sidecars; all as the catalogue has them\n')
  })

  const drifted: readonly (readonly [
    what: string,
    text: string,
    change: (text: string) => string,
    state: string,
  ])[] = [
    [
      'another version of the entry',
      DEPLOYMENT,
      text => text.replace(/sha256:[0-9a-f]{8}/, 'sha256:00000000'),
      'outdated',
    ],
    [
      'a container that was changed',
      DEPLOYMENT,
      text => text.replace('periodSeconds: 1', 'periodSeconds: 7'),
      'changed',
    ],
    [
      'a container that is gone',
      DEPLOYMENT,
      text => text.replace('- name: outrigger\n', '- name: other\n'),
      'missing',
    ],
    ['a status that nobody can read', DEPLOYMENT, text => text.replace('v\\":1', 'v\\":9'), 'unreadable'],
    [
      'an entry that was changed',
      COMPOSE,
      text => text.replace(/sha256:[0-9a-f]{8}/, 'sha256:00000000'),
      'outdated',
    ],
    [
      'a service that is gone',
      COMPOSE,
      text => text.replace('\n  web-outrigger:\n', '\n  other:\n'),
      'missing',
    ],
  ]
  for (const [what, text, change, state] of drifted)
    it(`ends with 1 and tells ${what}`, async () => {
      const before = await injected(text)
      const after = change(before)
      assert.notEqual(after, before)
      const { code, out } = await outrigger(['status', '-', '-o', 'json'], after)
      assert.equal(code, 1)
      assert.deepEqual(
        JSON.parse(out).map((row: { state: string }) => row.state),
        [state],
      )
    })

  it('counts the pods of a cluster by what made them', async () => {
    const pod = JSON.parse((await outrigger(['inject', '-', '-o', 'json'], DEPLOYMENT)).out).spec.template
    const running = (name: string) => ({
      ...pod,
      metadata: {
        ...pod.metadata,
        name,
        namespace: 'shop',
        labels: { 'pod-template-hash': '5d9' },
        ownerReferences: [{ kind: 'ReplicaSet', name: 'web-5d9' }],
      },
    })
    const list = {
      items: [
        running('web-5d9-a'),
        running('web-5d9-b'),
        { metadata: { name: 'bare' }, spec: { containers: [] } },
      ],
    }
    await writeFile(join(folder, 'list.json'), JSON.stringify(list))
    await writeFile(
      join(folder, 'kubectl'),
      `#!/bin/sh\necho "$@" > ${folder}/asked\n/bin/cat ${folder}/list.json\n`,
      { mode: 0o755 },
    )
    const { code, out, err } = await outrigger(['status', '--cluster', '-n', 'shop'])
    assert.equal(code, 0, err)
    assert.match(out, /^Deployment shop\/web \(2 pods\) +outrigger /m)
    assert.match(err, /^2 workloads, 1 with sidecars/)
  })

  it('says that kubectl is missing', async () => {
    const { code, err } = await outrigger(['status', '--cluster'])
    assert.equal(code, 2)
    assert.match(err, /kubectl is not installed/)
  })

  for (const [argv, message] of [
    [[], /say which files, or --cluster/],
    [['--cluster', 'a.yaml'], /not both/],
    [['-', '-n', 'a'], /--namespace is for --cluster/],
    [['-', '-o', 'xml'], /-o is one of table, json, not "xml"/],
    [['missing.yaml'], /there is no such file/],
  ] as const)
    it(`ends as wrong usage with ${argv.join(' ') || 'no files'}`, async () => {
      const { code, err } = await outrigger(['status', ...argv])
      assert.match(err, message)
      assert.equal(code, 2)
    })
})

import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { readManifests } from '../manifests/read.ts'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

const DEPLOYMENT = `# The shop.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations:
        outrigger.dev/inject: "logs" # ship them
    spec:
      containers:
      # The application
      - name: web
        image: shop/web:1.2.3
        ports: [{containerPort: 8080}]
`
const SERVICE = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n'

let folder: string

async function outrigger(argv: readonly string[], input?: string) {
  const io = fakeIo({ cwd: folder })
  if (input !== undefined) io.stdin.end(input)
  const code = await main(argv, io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

const write = (name: string, text: string | Buffer) => writeFile(join(folder, name), text)
const read = (name: string) => readFile(join(folder, name), 'utf8')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-inject-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

describe('outrigger inject', () => {
  it('prints the manifests with their sidecars, and uninject gives the same bytes back', async () => {
    const { code, out, err } = await outrigger(['inject', '-'], `${SERVICE}---\n${DEPLOYMENT}`)
    assert.equal(code, 0)
    assert.match(out, /^ {6}initContainers:\n {6}- name: outrigger\n/m)
    assert.ok(out.includes('outrigger.dev/inject: "logs" # ship them') && out.includes('# The application'))
    assert.match(err, /^Deployment shop\/web: injected, outrigger \d+\.\d+\.\d+\n1 workload: 1 injected\n$/)
    const back = await outrigger(['uninject', '-'], out)
    assert.equal(back.out, `${SERVICE}---\n${DEPLOYMENT}`)
    assert.match(back.err, /Deployment shop\/web: restored/)
  })

  it('changes nothing the second time', async () => {
    const { out } = await outrigger(['inject', '-'], DEPLOYMENT)
    const again = await outrigger(['inject', '-', '--explain'], out)
    assert.equal(again.out, out)
    assert.match(again.err, /unchanged, has outrigger/)
  })

  it('joins several files to one stream and leaves strangers of a folder out', async () => {
    await write('a.yaml', DEPLOYMENT)
    await write('b.yml', `---\n${SERVICE.trimEnd()}`)
    await write('c.json', JSON.stringify(readManifests('', SERVICE).documents[0]!.value))
    await write('package.json', '{"name": "shop"}')
    const { code, out } = await outrigger(['inject', '-f', '.'])
    assert.equal(code, 0)
    const kinds = readManifests('', out).documents.map(({ value }) => (value as { kind: string }).kind)
    assert.deepEqual(kinds, ['Deployment', 'Service', 'Service'])
  })

  it('prints objects or patches as JSON', async () => {
    const json = await outrigger(['inject', '-', '-o', 'json'], `${SERVICE}---\n${DEPLOYMENT}`)
    const list = JSON.parse(json.out)
    assert.equal(list.kind, 'List')
    assert.equal(list.items[1].spec.template.spec.initContainers[0].name, 'outrigger')
    const patch = await outrigger(['inject', '-', '-o', 'patch'], `${SERVICE}---\n${DEPLOYMENT}`)
    const [line, ...more] = patch.out.trimEnd().split('\n')
    assert.equal(more.length, 0)
    const { document, kind, name, namespace, patch: operations } = JSON.parse(line!)
    assert.deepEqual(
      { document, kind, name, namespace },
      { document: 1, kind: 'Deployment', name: 'web', namespace: 'shop' },
    )
    assert.ok(operations.every(({ op }: { op: string }) => op === 'add'))
  })

  it('shows what changes, and writes nothing', async () => {
    await write('a.yaml', DEPLOYMENT)
    const { code, out } = await outrigger(['inject', '-f', 'a.yaml', '--diff'])
    assert.equal(code, 0)
    assert.match(out, /^--- a\/a\.yaml\n\+\+\+ b\/a\.yaml\n@@ -\d/)
    assert.doesNotMatch(out, /^-[^-]/m)
    assert.equal(await read('a.yaml'), DEPLOYMENT)
  })

  it('changes files in place, through links, with their modes, and leaves nothing else behind', async () => {
    await write('a.yaml', DEPLOYMENT)
    await write('b.yaml', SERVICE)
    await symlink('a.yaml', join(folder, 'link.yaml'))
    const before = await stat(join(folder, 'b.yaml'))
    const { code } = await outrigger(['inject', '--in-place', '-f', 'link.yaml', '-f', 'b.yaml'])
    assert.equal(code, 0)
    assert.match(await read('a.yaml'), /- name: outrigger\n/)
    assert.equal((await stat(join(folder, 'b.yaml'))).mtimeMs, before.mtimeMs)
    assert.deepEqual((await readdir(folder)).sort(), ['a.yaml', 'b.yaml', 'link.yaml'])
    await outrigger(['uninject', '--in-place', 'a.yaml'])
    assert.equal(await read('a.yaml'), DEPLOYMENT)
  })

  it('writes a file, or a folder with the same names', async () => {
    await write('a.yaml', DEPLOYMENT)
    await write('b.yaml', SERVICE)
    assert.equal((await outrigger(['inject', 'a.yaml', '--output', 'one.yml'])).code, 0)
    assert.match(await read('one.yml'), /- name: outrigger\n/)
    assert.equal((await outrigger(['inject', 'a.yaml', 'b.yaml', '--output', 'out'])).code, 0)
    assert.deepEqual((await readdir(join(folder, 'out'))).sort(), ['a.yaml', 'b.yaml'])
    assert.equal(await read('out/b.yaml'), SERVICE)
  })

  it('takes a file once, however often it is named', async () => {
    await write('a.yaml', DEPLOYMENT)
    const { code, err } = await outrigger([
      'inject',
      '--in-place',
      '-f',
      '.',
      '-f',
      'a.yaml',
      join(folder, 'a.yaml'),
    ])
    assert.equal(code, 0, err)
    assert.match(err, /^1 workload: 1 injected$/m)
  })

  it('does not write two results to one place', async () => {
    await mkdir(join(folder, 'x'))
    await write('x/a.yaml', DEPLOYMENT)
    await write('a.yaml', SERVICE)
    const { code, err } = await outrigger(['inject', 'a.yaml', 'x/a.yaml', '--output', 'out'])
    assert.match(err, /two of the files have the same name/)
    assert.equal(code, 2)
    assert.equal((await outrigger(['inject', '-f', '.', '--output', 'out'])).code, 0)
    assert.deepEqual((await readdir(join(folder, 'out'))).sort(), ['a.yaml', 'x'])
  })

  it('tells a document that is no manifest among others, and leaves it as it is', async () => {
    const text = `${DEPLOYMENT}---\nreplicas: 3\n`
    const { code, out, err } = await outrigger(['inject', '-'], text)
    assert.equal(code, 0)
    assert.match(err, /^-:19:1\n {4}warning: this document is no manifest/m)
    assert.ok(out.endsWith('---\nreplicas: 3\n'))
  })

  it('writes all files or none', async () => {
    await write('a.yaml', DEPLOYMENT)
    await write('b.yaml', DEPLOYMENT.replace('"logs"', '"lgs"'))
    const { code, err } = await outrigger(['inject', '--in-place', '-f', '.'])
    assert.equal(code, 1)
    assert.match(
      err,
      /b\.yaml:11:9 {2}spec\.template\.metadata\.annotations\."outrigger\.dev\/inject"\n {4}error: .*"lgs".*\n {4}hint: did you mean "logs"/,
    )
    assert.match(err, /; nothing was written\n$/)
    assert.equal(await read('a.yaml'), DEPLOYMENT)
  })

  it('restores what it has written when another file cannot be', async () => {
    await write('a.yaml', DEPLOYMENT)
    await write('b.yaml', DEPLOYMENT)
    await mkdir(join(folder, 'out', 'b.yaml', 'in-the-way'), { recursive: true })
    await write('out/a.yaml', 'before')
    const { code, err } = await outrigger(['inject', '-f', 'a.yaml', '-f', 'b.yaml', '--output', 'out'])
    assert.equal(code, 2)
    assert.match(err, /b\.yaml cannot be written: EISDIR; nothing was written/)
    assert.equal(await read('out/a.yaml'), 'before')
    assert.deepEqual((await readdir(join(folder, 'out'))).sort(), ['a.yaml', 'b.yaml'])
  })

  it('takes parameters, a namespace and a version of Kubernetes', async () => {
    await write(
      'ns.yaml',
      'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  annotations: {outrigger.dev/logs.path: /from/namespace}\n',
    )
    const plain = await outrigger(['inject', '-', '--namespace-file', 'ns.yaml'], DEPLOYMENT)
    assert.match(plain.out, /mountPath: \/from\/namespace/)
    const set = await outrigger(
      ['inject', '-', '--namespace-file', 'ns.yaml', '--set', 'logs.path=/data'],
      DEPLOYMENT,
    )
    assert.match(set.out, /mountPath: \/data/)
    const classic = await outrigger(['inject', '-', '--kubernetes-version', '1.27'], DEPLOYMENT)
    assert.doesNotMatch(classic.out, /initContainers:\n/)
    const all = await outrigger(
      ['inject', '-', '--inject', 'logs'],
      DEPLOYMENT.replace('outrigger.dev/inject: "logs"', 'a: b'),
    )
    assert.match(all.out, /- name: outrigger\n/)
  })

  it('treats warnings as errors when asked to', async () => {
    const text = DEPLOYMENT.replace(
      '        outrigger.dev/inject',
      '        outrigger.dev/injct: "logs"\n        outrigger.dev/inject',
    )
    const lax = await outrigger(['inject', '-'], text)
    assert.equal(lax.code, 0)
    assert.match(lax.err, /-:11:9 {2}.*\n {4}warning: .*\n {4}hint: did you mean "outrigger\.dev\/inject"\?/)
    const strict = await outrigger(['inject', '-', '--strict'], text)
    assert.deepEqual([strict.code, strict.out], [1, ''])
  })

  it('takes Compose files, and gives their bytes back', async () => {
    const text =
      '# shop\nservices:\n  web:\n    image: a # pinned\n    labels: {outrigger.dev/inject: logs}\n    volumes: [logs:/var/log/app]\nvolumes: {logs: }\n'
    const { code, out, err } = await outrigger(['inject', '-', '--set', 'compose.mode=none'], text)
    assert.equal(code, 0, err)
    assert.match(out, /web-outrigger:\n/)
    assert.match(err, /^service web: injected, outrigger /m)
    assert.equal((await outrigger(['inject', '-', '--set', 'compose.mode=none'], out)).out, out)
    assert.equal((await outrigger(['uninject', '-'], out)).out, text)
  })

  it('says why each workload is as it is', async () => {
    const skipped = DEPLOYMENT.replace(
      'outrigger.dev/inject',
      'outrigger.dev/skip: measured alone\n        outrigger.dev/inject',
    )
    const { err } = await outrigger(['inject', '-', '--explain'], `${DEPLOYMENT}---\n${skipped}`)
    assert.match(err, /injected, outrigger \S+\n {4}outrigger \S+: .+\n {6}init container outrigger: /)
    assert.match(err, /skipped, its annotation outrigger\.dev\/skip wants none/)
    assert.match(err, /measured alone/)
  })

  const mistakes: readonly (readonly [argv: string[], message: RegExp])[] = [
    [[], /say which files/],
    [['-o', 'xml', '-'], /-o is one of yaml, json, patch, not "xml"/],
    [['--in-place', '-'], /standard input cannot be changed in place/],
    [['--in-place', '--output', 'x', 'a.yaml'], /not both/],
    [['--set', 'logs.path', '-'], /--set is ENTRY\.PARAMETER=VALUE/],
    [['--set', 'logs.pth=/a', '-'], /did you mean "logs\.path"/],
    [['--inject', 'lgs', '-'], /did you mean "logs"/],
    [['--kubernetes-version', 'new', '-'], /is like 1\.30, not "new"/],
    [['missing.yaml'], /missing\.yaml\n {4}there is no such file/],
    [['--catalog', 'missing', '-'], /missing\n {4}there is no such file/],
    [['--namespace-file', 'missing', '-'], /missing\n {4}there is no such file/],
  ]
  for (const [argv, message] of mistakes)
    it(`ends as wrong usage with ${argv.join(' ') || 'no files'}`, async () => {
      const { code, out, err } = await outrigger(['inject', ...argv], DEPLOYMENT)
      assert.match(err, message)
      assert.deepEqual([code, out], [2, ''])
    })
})

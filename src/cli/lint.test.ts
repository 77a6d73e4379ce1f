import assert from 'node:assert/strict'
import { chmod, lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

const GOOD = `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
`
// The application's own.
const BAD = `# ours
apiVersion: v1
kind: Pod
metadata:
  name: web # its name
spec:
  containers:
    - name: web
      image: mycompany/web:2.1
      volumeMounts: [{ name: logs, mountPath: /var/log/app }]
    - name: fluent-bit
      image: fluent/fluent-bit:4.0.3
      resources: { requests: { cpu: 10m, memory: 32Mi }, limits: { memory: 64Mi } }
      volumeMounts: [{ name: logs, mountPath: /var/log/app }] # reads them
  volumes: [{ name: logs, emptyDir: { sizeLimit: 1Gi } }]
`

async function folder(t: TestContext, files: Readonly<Record<string, string>>) {
  const cwd = await mkdtemp(join(tmpdir(), 'outrigger-lint-'))
  t.after(() => rm(cwd, { recursive: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text)
  return cwd
}

async function lint(cwd: string, ...args: string[]) {
  const io = fakeIo({ cwd })
  return { code: await main(['lint', ...args], io), out: io.stdout.text, err: io.stderr.text }
}

describe('outrigger lint', () => {
  it('ends with 0 where nothing is wrong, 1 where something is, 2 where something cannot be read', async t => {
    const cwd = await folder(t, { 'good.yaml': GOOD, 'bad.yaml': BAD, 'broken.yaml': 'a: [1' })
    assert.equal((await lint(cwd, 'good.yaml')).code, 0)
    assert.equal((await lint(cwd, 'bad.yaml', 'good.yaml')).code, 1)
    const broken = await lint(cwd, 'broken.yaml', 'bad.yaml', 'none.yaml')
    assert.equal(broken.code, 2)
    for (const said of ['SC014', 'broken.yaml:1:', 'none.yaml', '2 documents that cannot be read'])
      assert.ok(broken.out.includes(said), said)
  })

  it('looks at nothing but what is asked for, from the severity that is asked for', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    assert.equal((await lint(cwd, 'bad.yaml', '--only', 'SC001')).code, 0)
    assert.equal((await lint(cwd, 'bad.yaml', '--only', 'log-reader-may-write')).code, 1)
    assert.equal((await lint(cwd, 'bad.yaml', '--only', 'SC014', '--fail-on', 'error')).code, 0)
    assert.equal((await lint(cwd, 'bad.yaml', '--only', 'SC007', '--fail-on', 'info')).code, 1)
    assert.equal((await lint(cwd, 'bad.yaml', '--only', 'SC014', '--disable', 'SC014')).code, 0)
    assert.equal(
      (await lint(cwd, 'bad.yaml', '--only', 'SC007', '--fail-on', 'info', '--kubernetes-version', '1.27'))
        .code,
      0,
    )
  })

  it('tells only what is new since a baseline, wherever it stands', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    assert.equal((await lint(cwd, 'bad.yaml', '--write-baseline', 'known.json')).code, 0)
    await writeFile(join(cwd, 'bad.yaml'), `# moved\n\n${BAD}`)
    assert.equal((await lint(cwd, 'bad.yaml', '--baseline', 'known.json')).code, 0)
    await writeFile(join(cwd, 'bad.yaml'), BAD.replace(':4.0.3', ':latest'))
    const { code, out } = await lint(cwd, 'bad.yaml', '--baseline', 'known.json')
    assert.equal(code, 1)
    assert.match(out, /0 errors, 1 warning\n$/)
  })

  it('writes several formats, and one that cannot be written hides no other', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    const { code, out, err } = await lint(
      cwd,
      'bad.yaml',
      '-o',
      'sarif=a.sarif',
      '-o',
      'junit=none/b.xml',
      '-o',
      'json',
    )
    assert.equal(code, 2)
    assert.match(err, /none\/b\.xml cannot be written: ENOENT/)
    assert.equal(JSON.parse(await readFile(join(cwd, 'a.sarif'), 'utf8')).version, '2.1.0')
    assert.ok(JSON.parse(out).findings.length > 0)
  })

  it('mends what is mechanical and leaves every other byte, comments too', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD, 'good.yaml': GOOD })
    const shown = await lint(cwd, '--fix', '--diff', '--only', 'SC014', 'bad.yaml', 'good.yaml')
    assert.equal(await readFile(join(cwd, 'bad.yaml'), 'utf8'), BAD, '--diff changes nothing')
    assert.deepEqual(
      shown.out.split('\n').filter(line => /^[+-] /.test(line)),
      [
        '-      volumeMounts: [{ name: logs, mountPath: /var/log/app }] # reads them',
        '+      volumeMounts: [{ name: logs, mountPath: /var/log/app, readOnly: true }] # reads them',
      ],
    )
    assert.equal((await lint(cwd, '--fix', '--only', 'SC014', 'bad.yaml', 'good.yaml')).code, 0)
    assert.equal((await lint(cwd, '--only', 'SC014', 'bad.yaml')).code, 0)
    assert.equal(await readFile(join(cwd, 'good.yaml'), 'utf8'), GOOD)
    assert.match(
      await readFile(join(cwd, 'bad.yaml'), 'utf8'),
      /^# ours\n[\s\S]*# its name\n[\s\S]*readOnly: true \}\] # reads them/,
    )
  })

  it('keeps the mode of what it mends, and the link to it', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    await chmod(join(cwd, 'bad.yaml'), 0o640)
    await symlink('bad.yaml', join(cwd, 'link.yaml'))
    assert.equal((await lint(cwd, '--fix', '--only', 'SC014', 'link.yaml')).err, '1 mended, 0 left\n')
    const { mode } = await lstat(join(cwd, 'bad.yaml'))
    assert.equal(mode & 0o777, 0o640)
    assert.ok((await lstat(join(cwd, 'link.yaml'))).isSymbolicLink())
    assert.deepEqual(await readdir(cwd), ['bad.yaml', 'link.yaml'])
  })

  it('makes of a classic sidecar a native one, and says what is left to do by hand', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD.replace(' # reads them', '') })
    const { code, err } = await lint(cwd, '--fix', '--only', 'SC007,SC008', 'bad.yaml')
    assert.deepEqual([code, err], [1, '1 mended, 1 left\n'])
    const text = await readFile(join(cwd, 'bad.yaml'), 'utf8')
    assert.match(text, /initContainers:\n[\s\S]*name: fluent-bit[\s\S]*restartPolicy: Always/)
  })

  it('leaves to people what would lose a comment', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    assert.equal((await lint(cwd, '--fix', '--only', 'SC007', 'bad.yaml')).err, '0 mended, 1 left\n')
    assert.equal(await readFile(join(cwd, 'bad.yaml'), 'utf8'), BAD)
  })

  it('takes no capability from a sidecar that may run as root', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    const mend = async () => {
      await lint(cwd, '--fix', '--only', 'SC018', 'bad.yaml')
      return readFile(join(cwd, 'bad.yaml'), 'utf8')
    }
    assert.match(await mend(), /allowPrivilegeEscalation: false(?![\s\S]*capabilities)/)
    await writeFile(
      join(cwd, 'bad.yaml'),
      BAD.replace('spec:\n', 'spec:\n  securityContext: { runAsNonRoot: true }\n'),
    )
    assert.match(await mend(), /capabilities:\s+drop:\s+- ALL/)
  })

  it('fails for what is left as it would without --fix', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    const fix = async (...args: string[]) => (await lint(cwd, '--fix', '--only', 'SC030', ...args)).code
    assert.equal(await fix('bad.yaml'), 0, 'SC030 is only to know')
    assert.equal(await fix('--fail-on', 'info', 'bad.yaml'), 1)
    await lint(cwd, '--write-baseline', 'known.json', 'bad.yaml')
    assert.equal(await fix('--fail-on', 'info', '--baseline', 'known.json', 'bad.yaml'), 0)
  })

  it('mends what it can read, and ends with 2 for the rest', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD, 'broken.yaml': 'a: [1' })
    const { code, err } = await lint(cwd, '--fix', '--only', 'SC014', 'broken.yaml', 'none.yaml', 'bad.yaml')
    assert.equal(code, 2)
    assert.match(err, /none\.yaml[\s\S]*broken\.yaml:1:[\s\S]*\n1 mended, 0 left\n$/)
    assert.match(await readFile(join(cwd, 'bad.yaml'), 'utf8'), /readOnly: true/)
    assert.equal(await readFile(join(cwd, 'broken.yaml'), 'utf8'), 'a: [1')
  })

  it('writes no baseline where something cannot be read', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    const { code, err } = await lint(cwd, '--write-baseline', 'known.json', 'bad.yaml', 'none.yaml')
    assert.equal(code, 2)
    assert.match(err, /none\.yaml[\s\S]*no baseline is written/)
    assert.deepEqual(await readdir(cwd), ['bad.yaml'])
  })

  it('colours for a terminal, and not where somebody does not want it', async t => {
    const cwd = await folder(t, { 'bad.yaml': BAD })
    for (const [isTTY, env, colored] of [
      [true, {}, true],
      [true, { NO_COLOR: '1' }, false],
      [true, { NO_COLOR: '' }, true],
      [false, {}, false],
    ] as const) {
      const io = fakeIo({ cwd, env })
      Object.assign(io.stdout, { isTTY })
      await main(['lint', 'bad.yaml'], io)
      assert.equal(io.stdout.text.includes('\u001b['), colored)
    }
  })

  it('reads standard input and mends to standard output', async () => {
    const io = fakeIo()
    io.stdin.end(BAD)
    assert.equal(await main(['lint', '--fix', '--only', 'SC014', '-'], io), 0)
    assert.match(io.stdout.text, /readOnly: true/)
  })

  const wrong: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ['no file', [], /which files/],
    ['an unknown check', ['--only', 'SC01', 'a.yaml'], /no check "SC01"; did you mean SC0/],
    ['an unknown format', ['-o', 'xml', 'a.yaml'], /-o: expected text, json/],
    ['two formats for one output', ['-o', 'json', '-o', 'text', 'a.yaml'], /only one format/],
    ['an unknown severity', ['--fail-on', 'fatal', 'a.yaml'], /--fail-on: expected error/],
    ['a version that is none', ['--kubernetes-version', 'new', 'a.yaml'], /--kubernetes-version/],
    ['a number that is none', ['--max-sidecars', '0', 'a.yaml'], /--max-sidecars/],
    ['mending and a report', ['--fix', '-o', 'json', 'a.yaml'], /--fix and --output do not go together/],
    ['--diff alone', ['--diff', 'a.yaml'], /--diff is for --fix/],
    ['a check to explain that is none', ['--explain', 'SC9'], /no check "SC9"/],
  ]
  for (const [what, args, message] of wrong)
    it(`refuses ${what}`, async () => {
      const { code, err } = await lint('/', ...args)
      assert.equal(code, 2)
      assert.match(err, message)
    })

  it('refuses a baseline that is none', async t => {
    const cwd = await folder(t, { 'a.yaml': GOOD, 'b.json': '{"v":2}' })
    for (const [file, message] of [
      ['b.json', /no baseline of this version/],
      ['none.json', /no such file/],
      ['a.yaml', /no JSON/],
    ] as const) {
      const { code, err } = await lint(cwd, 'a.yaml', '--baseline', file)
      assert.equal(code, 2)
      assert.match(err, message)
    }
  })

  it('explains one check, and lists all', async () => {
    const one = await lint('/', '--explain', 'SC014')
    assert.match(
      one.out,
      /^SC014 log-reader-may-write \(warning\)\n[\s\S]*Bad:[\s\S]*Good:[\s\S]*Mend: [\s\S]*lint-ignore\.SC014/,
    )
    assert.ok((await lint('/', '--explain')).out.split('\n').length > 35)
  })
})

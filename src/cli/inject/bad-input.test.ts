import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { fakeIo } from '../io-fake.ts'
import { main } from '../main.ts'

/** It is read anew for each call, so that of the tests has one entry. */
const ENTRY = join(import.meta.dirname, '../../../catalog/outrigger.yaml')
const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    outrigger.dev/inject: logs
spec:
  containers:
    - name: web
      image: shop/web:1.2.3
      ports: [{containerPort: 8080}]
`

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-bad-'))
  const entry = await readFile(ENTRY, 'utf8')
  await writeFile(join(folder, 'catalog.yaml'), entry.replace(/^conflicts: .*$/m, 'conflicts: []'))
})
after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

async function outrigger(command: string, input: string | Uint8Array, ...options: string[]) {
  const io = fakeIo({ cwd: folder })
  io.stdin.end(Buffer.from(input as Uint8Array))
  const catalog = command === 'inject' ? ['--catalog', 'catalog.yaml'] : []
  const code = await main([command, '-', ...catalog, ...options], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

const annotated = (line: string) => POD.replace('    outrigger.dev/inject: logs\n', `    ${line}\n`)

/** Refused: exit code 2, nothing on standard output, and words about the place. */
const refused: readonly (readonly [what: string, input: string | Uint8Array, words: RegExp])[] = [
  ['nothing', '', /there is nothing in it/],
  ['only comments', '# a\n---\n', /there is nothing in it/],
  [
    'a bracket that stays open',
    `${POD}  volumes: [a\n`,
    /^-:13:1\n {4}the indentation does not fit, or a bracket/,
  ],
  [
    'a tab',
    POD.replace('  name: web', '\tname: web'),
    /^-:4:1\n {4}a tab is used as indentation\n {4}hint: /,
  ],
  ['a key twice', `${POD}kind: Job\n`, /^-:12:1\n {4}"kind" is given twice; first at line 2\n/],
  [
    'an alias of nothing',
    POD.replace('shop/web:1.2.3', '*image'),
    /^-:10:14\n {4}the alias \*image has no anchor/,
  ],
  [
    'an alias of itself',
    POD.replace('spec:', 'spec: &s\n  self: *s'),
    /^-:8:9\n {4}the alias \*s stands inside what it stands for/,
  ],
  ['a circle of aliases', 'a: &a\n  b: &b\n    c: *a\nd: *b\n', /^-:3:8\n.*stands inside/],
  [
    'aliases that multiply',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${['b', 'c', 'd', 'e', 'f'].map((name, i) => `${name}: &${name} [${`*${'abcde'[i]},`.repeat(9)}]\n`).join('')}`,
    /stand for too much/,
  ],
  [
    'more aliases than anybody writes',
    `a: &a 1\nb:\n${'  - *a\n'.repeat(20_000)}`,
    /^-:5003:5\n {4}there are more than 5000 aliases/,
  ],
  ['brackets without end', '['.repeat(200_000), /nested deeper than 500 levels/],
  ['lists in lists without end', `${'- '.repeat(20_000)}a`, /nested too deeply/],
  [
    'a Helm template',
    POD.replace('name: web', 'name: {{ .Values.name }}\n  {{- if .x }}'),
    /hint: render the template first/,
  ],
  [
    'no object of Kubernetes',
    'name: shop\nversion: 1.0.0\n',
    /^-:1:1\n {4}this is neither an object of Kubernetes \(apiVersion, kind\) nor a Compose file/,
  ],
  ['a list', '- a\n', /neither an object of Kubernetes/],
  ['text', 'Dear all,\n', /neither an object of Kubernetes/],
  ['a page of the web', '<!DOCTYPE html>\n<html></html>\n', /neither an object of Kubernetes|not valid YAML/],
  ['binary data', Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]), /binary data/],
  ['an image', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), /binary data or not UTF-8/],
  ['UTF-16', Buffer.from(`\ufeff${POD}`, 'utf16le'), /binary data or not UTF-8/],
  ['9 MB', `a: ${'x'.repeat(9 * 1024 * 1024)}`, /larger than 8 MiB/],
  ['40 MB', Buffer.alloc(40 * 1024 * 1024, 32), /larger than 8 MiB/],
  ['merges of no mapping', 'apiVersion: v1\nkind: Pod\nspec: {<<: 1}\n', /Merge sources must be maps/],
]

/** Understood, and not possible: exit code 1, nothing on standard output. */
const failed: readonly (readonly [what: string, input: string, words: RegExp])[] = [
  ['no name', annotated("outrigger.dev/inject: 'logs,,proxy'"), /error: "" is no name of a sidecar/],
  ['a template', annotated("outrigger.dev/inject: '{{ .HOME }}'"), /error: .* is no name of a sidecar/],
  ['a mapping', annotated('outrigger.dev/inject: {logs: 1}'), /error: the sidecars must be a text/],
  ['a number', annotated('outrigger.dev/inject: 1'), /error: the sidecars must be a text/],
  [
    'a name of JavaScript',
    annotated('outrigger.dev/inject: constructor'),
    /error: there is no sidecar "constructor"/,
  ],
  ['a prototype', annotated('outrigger.dev/inject: __proto__'), /error: .*__proto__/],
  [
    'a list without end',
    annotated(`outrigger.dev/inject: ${'logs,'.repeat(10_000)}`),
    /error: the list of sidecars is too long/,
  ],
  [
    'a parameter of the wrong kind',
    annotated('outrigger.dev/inject: logs\n    outrigger.dev/logs.path: relative'),
    /error: /,
  ],
  [
    'a path out of its folder',
    annotated('outrigger.dev/inject: logs\n    outrigger.dev/logs.path: /var/../../etc'),
    /error: /,
  ],
  ['escapes of the terminal', annotated('outrigger.dev/inject: "lo\\e[31mgs"'), /error: .*u001b/],
]

/** Fine: what looks strange is only text. */
const fine: readonly (readonly [what: string, input: string])[] = [
  ['CRLF', POD.replaceAll('\n', '\r\n')],
  ['a byte order mark', `\ufeff${POD}`],
  ['no end of the last line', POD.trimEnd()],
  [
    'JSON',
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","annotations":{"outrigger.dev/inject":"logs"}},"spec":{"containers":[{"name":"a","image":"b"}]}}',
  ],
  [
    'keys of JavaScript',
    annotated('outrigger.dev/inject: logs\n    __proto__: a\n    constructor: b\n    toString: c'),
  ],
  [
    'values of others that look like templates',
    annotated('outrigger.dev/inject: logs\n    other: "{{ .x }} $(id) `id`"'),
  ],
  ['anchors', POD.replace('- name: web\n', '- name: &name web\n      command: [*name]\n')],
]

describe('manifests that are bad', () => {
  for (const [what, input, words] of refused)
    it(`are refused with their place: ${what}`, async () => {
      const { code, out, err } = await outrigger('inject', input)
      assert.match(err, words)
      assert.doesNotMatch(err, /^\s+at /m)
      assert.deepEqual([code, out], [2, ''])
    })

  for (const [what, input, words] of failed)
    it(`fail with what is wrong: an annotation that is ${what}`, async () => {
      const { code, out, err } = await outrigger('inject', input)
      assert.match(err, words)
      assert.doesNotMatch(err, /^\s+at |\u001b/m)
      assert.deepEqual([code, out], [1, ''])
    })

  for (const [what, input] of fine)
    it(`are not those with ${what}: they come back byte for byte`, async () => {
      const { code, out, err } = await outrigger('inject', input)
      assert.equal(code, 0, err)
      assert.notEqual(out, input)
      const back = await outrigger('uninject', out)
      assert.equal(back.out, input)
    })

  it('leave the good files beside them alone', async () => {
    const inner = await mkdtemp(join(folder, 'some-'))
    await writeFile(join(inner, 'a.yaml'), POD)
    await writeFile(join(inner, 'b.yaml'), `${POD}  volumes: [\n`)
    const io = fakeIo({ cwd: inner })
    assert.equal(await main(['inject', '--in-place', '.'], io), 2)
    assert.match(io.stderr.text, /^b\.yaml:\d+:\d+\n[\s\S]*1 problem, nothing was written\.\n$/)
    assert.equal(await readFile(join(inner, 'a.yaml'), 'utf8'), POD)
    assert.deepEqual((await readdir(inner)).sort(), ['a.yaml', 'b.yaml'])
  })

  it('end the real command with 2 and no stack', () => {
    const launcher = join(import.meta.dirname, '../../../bin/outrigger.js')
    const { status, stdout, stderr } = spawnSync(process.execPath, [launcher, 'inject', '-'], {
      input: '['.repeat(200_000),
      encoding: 'utf8',
    })
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /^-\n {4}it is nested deeper/)
  })

  it('never bring a command down, however they are mangled', async () => {
    const seeds = [
      POD,
      POD.replaceAll('\n', '\r\n'),
      ...fine.map(([, input]) => input),
      ...refused.flatMap(([, input]) => (typeof input === 'string' && input.length < 500 ? [input] : [])),
    ]
    const pieces = fc.constantFrom(
      '',
      ' ',
      '\n',
      '\t',
      '-',
      ': ',
      '&a ',
      '*a',
      '<<: *a',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '|',
      '>',
      '#',
      '---\n',
      '\0',
      '\ufeff',
      '!!x ',
      '? ',
      '{{ x }}',
      '\ud800',
      'null',
      '~',
      '%YAML 1.1\n',
      'services: {a: {}}\n',
      'outrigger.dev/skip: x',
    )
    const mangling = fc.array(fc.tuple(fc.nat(1000), fc.nat(20), pieces), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        mangling,
        fc.constantFrom('inject', 'uninject'),
        async (seed, cuts, command) => {
          const text = cuts.reduce((now, [at, length, piece]) => {
            const start = at % (now.length + 1)
            return now.slice(0, start) + piece + now.slice(start + length)
          }, seed)
          const { code, out, err } = await outrigger(command, text, '--explain')
          assert.ok(code === 0 || (out === '' && err !== ''), text)
          assert.doesNotMatch(err, /^\s+at .*\.ts/m)
          if (code === 0 && command === 'inject')
            assert.equal((await outrigger('inject', out)).out, out, text)
        },
      ),
      { numRuns: 200 },
    )
  })
})

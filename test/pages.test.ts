// What the pages promise: configurations that are valid, files and headings that are there, metrics that exist.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fakeIo } from '../src/cli/io-fake.ts'
import { main } from '../src/cli/main.ts'

const root = dirname(import.meta.dirname)
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...globSync('docs/*.md', { cwd: root })]

/** A configuration as it stands on a page; a part of one gets around it what makes it whole. */
function whole(text: string): string {
  const upstreams = '  upstreams:\n    application: { endpoints: [{ address: 127.0.0.1:8080 }] }\n'
  const listener = '    - listen: 127.0.0.1:8081\n      upstream: application\n'
  const identity = '  identity: { files: { cert: tls.crt, key: tls.key, ca: ca.crt } }\n'
  if (text.startsWith('proxy:') && !text.includes('  listeners:'))
    return `${text}${text.includes('\n  identity:') ? '' : identity}  listeners:\n${listener}${upstreams}`
  if (text.startsWith('    - ')) return `proxy:\n${identity}  listeners:\n${text}${upstreams}`
  if (text.startsWith('      ')) return `proxy:\n${identity}  listeners:\n${listener}${text}${upstreams}`
  if (text.startsWith('    ')) return `proxy:\n${identity}  listeners:\n${listener}${upstreams}${text}`
  return text
}

/** Of Kubernetes or Compose, maybe below a line that says its name. */
function isManifest(text: string): boolean {
  return /^(#.*\n)?(apiVersion|services):/.test(text)
}

for (const name of pages)
  [...read(name).matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].forEach(([, text], index) => {
    test(`configuration ${index + 1} of ${name} is valid`, async t => {
      const folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
      t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
      await symlink(join(root, 'examples'), join(folder, 'examples'))
      const file = join(folder, 'outrigger.yaml')
      await writeFile(file, whole(text!))
      const io = fakeIo({ cwd: folder, env: { ES_API_KEY: 'key', DD_API_KEY: 'key' } })
      const command = isManifest(text!) ? ['inject', '-f', file] : ['check', '-c', file]
      // On a page a manifest may show what is wrong, too: then it is told.
      const expected = /# (a mistake|wrong)/.test(text!) ? 1 : 0
      assert.equal(await main(command, io), expected, io.stderr.text)
    })
  })

/** The links of headings, as GitHub makes them. */
function anchors(page: string): string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}

for (const name of pages) {
  const prose = read(name).replaceAll(/^```[\s\S]*?^```$/gm, '')

  test(`the links of ${name} lead somewhere`, () => {
    for (const [link, path, anchor] of prose.matchAll(/\]\(((?!https?:)[^)#\s]*)(?:#([^)]*))?\)/g)) {
      const target = path === '' ? name : join(dirname(name), path!)
      assert.ok(existsSync(join(root, target)), link)
      if (anchor !== undefined) assert.ok(anchors(read(target)).includes(anchor), link)
    }
  })

  test(`the sources that ${name} names are there`, () => {
    for (const [, path] of prose.matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.ts)`/g))
      assert.ok(globSync(`{,src/**/,test/**/,bench/**/}${path}`, { cwd: root }).length > 0, path)
  })
}

test('the metrics that pages name exist', () => {
  const sources = globSync('src/**/*.ts', { cwd: root, exclude: path => /(\.test|-fake)\.ts$/.test(path) })
  const names = new Set(sources.flatMap(path => read(path).match(/(?<=')[a-z][a-z0-9_]+(?=')/g) ?? []))
  for (const page of pages)
    for (const [metric, name] of read(page).matchAll(
      /outrigger_(?:(?:proxy|logs|metrics|secrets|injection|watchdog)_)?([a-z0-9]+(?:_[a-z0-9]+)*)/g,
    ))
      assert.ok(names.has(name!), `${page}: ${metric}`)
})

// The arrows of docs/ARCHITECTURE.md, held by walking the imports of every file.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Import, readSource, readSources, type SourceFile } from './sources.ts'

const MAX_LINES = 450

/** What each room may import, besides itself. A room is a folder of src; every module is a room of its own. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  wire: [],
  http: ['wire'],
  kernel: ['wire', 'http'],
  backends: ['kernel', 'wire', 'http'],
  module: ['kernel', 'wire', 'http', 'backends'],
  authority: ['kernel', 'wire', 'http'],
  manifests: ['kernel/config', 'wire'],
  injection: ['manifests', 'kernel/config', 'wire'],
  lint: [
    'injection/catalogue',
    'injection/kubernetes',
    'injection/compose',
    'manifests',
    'kernel/config',
    'wire',
  ],
  'injection/webhook': ['injection', 'lint', 'manifests', 'kernel', 'http', 'wire'],
  'injection/controller': [
    'injection',
    'lint',
    'manifests',
    'authority',
    'kernel',
    'http',
    'wire',
    'backends',
  ],
  personalities: ['kernel/config', 'wire'],
}

/** Their cost is too high for a process that may not need them (docs/ARCHITECTURE.md, "Memory"). */
const LAZY_ONLY = new Set([
  'node:http',
  'node:https',
  'node:http2',
  'node:tls',
  'node:worker_threads',
  'node:sqlite',
  'undici',
])

const POORLY_NAMED = /(^|\/)(utils?|helpers?|types|common|misc)(\/|\.(test\.)?ts$)/

const product = readSources('src', path => !isTest(path))

test('every import goes along an arrow', () => none(product.flatMap(forbiddenArrows)))

test('the codecs in src/wire use nothing of Node', () => none(product.flatMap(nodeInWire)))

test('only the registry and lazy commands name a module', () => none(product.flatMap(namedModules)))

test('what the command line loads at once reaches no module, backend or HTTP engine', () =>
  none(eagerRooms(product)))

test('expensive built-in modules are loaded at the moment of need', () =>
  none(product.flatMap(eagerBuiltins)))

test('the environment is read, and the process ended, only in src/cli', () =>
  none(product.flatMap(processUses)))

test('importing a file has no effect', () => none(product.flatMap(importEffects)))

test('no file imports itself through others', () => none(cycles(product)))

test('a package that the product imports is listed in package.json', () => none(unlisted(product)))

test('a file holds one idea', () => none(product.flatMap(tooLong)))

test('files are named after what is in them', () => none(product.flatMap(poorName)))

test('each rule bites', () => {
  const bites = (path: string, text: string, rule: (file: SourceFile) => string[]) =>
    assert.equal(rule(readSource(path, text)).length, 1, `${path}: ${text}`)
  bites('src/wire/a.ts', `import { log } from '../kernel/log.ts'`, forbiddenArrows)
  bites('src/modules/logs/a.ts', `import type { P } from '../proxy/p.ts'`, forbiddenArrows)
  bites('src/http/a.ts', `export * from '../kernel/log.ts'`, forbiddenArrows)
  bites('src/wire/a.ts', `const net = await import('node:net')`, nodeInWire)
  bites('src/kernel/a.ts', `const load = () => import('../modules/logs/module.ts')`, namedModules)
  bites('src/cli/logs.ts', `import { s } from '../modules/logs/module.ts'`, namedModules)
  bites('src/http/a.ts', `import { connect } from 'node:tls'`, eagerBuiltins)
  bites('src/kernel/a.ts', `export const home = () => process.env['HOME']`, processUses)
  bites('src/kernel/a.ts', `register('a')`, importEffects)
  bites('src/kernel/utils.ts', '', poorName)
  bites('src/kernel/a.ts', '\n'.repeat(MAX_LINES + 1), tooLong)
  const loop = [
    readSource('src/wire/a.ts', `import { b } from './b.ts'`),
    readSource('src/wire/b.ts', `import { a } from './a.ts'`),
  ]
  assert.equal(cycles(loop).length, 1)
  assert.equal(cycles([loop[0]!, readSource('src/wire/b.ts', `import type { a } from './a.ts'`)]).length, 0)
})

function forbiddenArrows(file: SourceFile): string[] {
  const from = room(file.path)
  const allowed = MAY_IMPORT[from.startsWith('modules/') ? 'module' : from]
  if (allowed === undefined) return []
  return file.imports
    .filter(({ target }) => target.startsWith('src/') && room(target) !== from)
    .filter(({ target }) => !allowed.some(each => target.startsWith(`src/${each}/`)))
    .map(each =>
      say(file, each, `${from} may import only ${[from, ...allowed].join(', ')}; move the shared part there`),
    )
}

function nodeInWire(file: SourceFile): string[] {
  if (!file.path.startsWith('src/wire/')) return []
  return file.imports
    .filter(({ target, kind }) => kind !== 'type' && target.startsWith('node:'))
    .map(each => say(file, each, 'codecs take and return values; leave I/O to the caller'))
}

function namedModules(file: SourceFile): string[] {
  const from = room(file.path)
  if (file.path === 'src/modules/registry.ts') return lazily(file, 'the registry loads modules with import()')
  if (from === 'cli') return lazily(file, 'a command loads the part of a module that it needs with import()')
  return file.imports
    .filter(({ target }) => target.startsWith('src/modules/') && room(target) !== from)
    .map(each => say(file, each, 'ask the host for what another module offers: host.use(name)'))
}

function lazily(file: SourceFile, rule: string): string[] {
  return file.imports
    .filter(({ target, kind }) => kind === 'static' && /^src\/modules\/[^/]+\//.test(target))
    .map(each => say(file, each, rule))
}

/** From the entry along static imports; the command table must not pull in what a command needs. */
function eagerRooms(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const reached = new Set(['src/cli/entry.ts'])
  const faults: string[] = []
  for (const path of reached) {
    const file = byPath.get(path)
    for (const each of file?.imports ?? []) {
      if (each.kind !== 'static' || !each.target.startsWith('src/')) continue
      if (/^src\/(cli|kernel)\//.test(each.target)) reached.add(each.target)
      else faults.push(say(file!, each, 'the entry loads this for every command; load it with import()'))
    }
  }
  return faults
}

function eagerBuiltins(file: SourceFile): string[] {
  return file.imports
    .filter(({ target, kind }) => kind === 'static' && LAZY_ONLY.has(target))
    .map(each =>
      say(file, each, `use process.getBuiltinModule('${each.target}') where the configuration needs it`),
    )
}

function processUses(file: SourceFile): string[] {
  if (file.path.startsWith('src/cli/')) return []
  return file.processUses.map(
    use => `${file.path}:${use.line}: ${use.name}: let src/cli hand it in as a value`,
  )
}

function importEffects(file: SourceFile): string[] {
  if (file.path === 'src/cli/entry.ts') return []
  return file.effects.map(
    line => `${file.path}:${line}: move this statement into a function that the caller calls`,
  )
}

function cycles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const done = new Set<string>()
  const faults: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) {
      const loop = [...trail.slice(at), path].join(' -> ')
      faults.push(
        `${loop}: move what they share into a file that neither imports from, or make it a type import`,
      )
      return
    }
    if (done.has(path)) return
    for (const each of byPath.get(path)?.imports ?? [])
      if (each.kind === 'static') visit(each.target, [...trail, path])
    done.add(path)
  }
  for (const file of files) visit(file.path, [])
  return faults
}

function unlisted(files: readonly SourceFile[]): string[] {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'))
  const listed = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }))
  const packageName = (target: string) => target.match(/^(@[^/]+\/)?[^/]+/)![0]
  return files.flatMap(file =>
    file.imports
      .filter(({ target, kind }) => kind !== 'type' && !/^(src\/|node:|package\.json$)/.test(target))
      .filter(({ target }) => !listed.has(packageName(target)))
      .map(each => say(file, each, 'add the package, and a reason for it to docs/ARCHITECTURE.md')),
  )
}

function tooLong(file: SourceFile): string[] {
  if (file.lines <= MAX_LINES) return []
  return [
    `${file.path}: ${file.lines} lines (at most ${MAX_LINES}): find the second idea and give it its own file`,
  ]
}

function poorName(file: SourceFile): string[] {
  return POORLY_NAMED.test(file.path) ? [`${file.path}: name it after the noun that it holds`] : []
}

/** `src/modules/logs/spool/frame.ts` is in modules/logs, `src/kernel/log.ts` in kernel. */
function room(path: string): string {
  const [, first = '', second = ''] = path.split('/')
  if (first === 'modules') return second.endsWith('.ts') ? 'modules' : `modules/${second}`
  if (first === 'injection' && ['webhook', 'controller'].includes(second)) return `injection/${second}`
  return first
}

function say(file: SourceFile, each: Import, rule: string): string {
  return `${file.path}:${each.line} imports ${each.target}: ${rule}`
}

function none(faults: string[]): void {
  assert.equal(faults.length, 0, `\n${faults.join('\n')}`)
}

function isTest(path: string): boolean {
  return /[.-](test|fakes?)\.ts$/.test(path)
}

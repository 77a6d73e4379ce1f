// Bundles the sidecar into dist/: ES modules for Node, one entry, and a chunk for everything that is loaded lazily.
// Packages are bundled in, so that the published package needs none of them. `--quiet` prints only errors,
// `--out FOLDER` writes to another folder.
import { globSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { type ChunkingContext, type Plugin, type PreRenderedChunk, rolldown } from 'rolldown'

const root = dirname(import.meta.dirname)
const sources = join(root, 'src')
const { values } = parseArgs({
  options: {
    quiet: { type: 'boolean', default: false },
    out: { type: 'string', default: join(root, 'dist') },
  },
})
const started = performance.now()

/** Files that run in a thread of their own: entries too, beside the chunk that starts them. */
const threads = Object.fromEntries(
  ['modules/logs/outputs/store/worker'].map(name => [name, join(sources, `${name}.ts`)]),
)

/**
 * Parts of Node are taken by `process.getBuiltinModule`: an `import` of one runs all its lazy getters, which load streams
 * and more that no sidecar uses, and cost a seventh of the start. A name behind a getter cannot be imported statically.
 */
const builtins: Plugin = {
  name: 'builtins',
  resolveId: source => (source.startsWith('node:') ? { id: `\0${source}`, moduleSideEffects: false } : null),
  load(id) {
    if (!id.startsWith('\0node:')) return null
    const name = id.slice(1)
    const properties = Object.getOwnPropertyDescriptors(process.getBuiltinModule(name))
    const names = Object.keys(properties).filter(
      key => properties[key]!.get === undefined && /^[A-Za-z]\w*$/.test(key) && key !== 'default',
    )
    return `const builtin = /*@__PURE__*/ process.getBuiltinModule('${name}')
export default builtin
${names.map(key => `const ${key}_ = /*@__PURE__*/ (() => builtin.${key})()`).join('\n')}
export { ${names.map(key => `${key}_ as ${key}`).join(', ')} }`
  },
}

/**
 * What one import brings in with all that it needs is one file, and what two modules share another: each file costs a
 * start two reads (its own and its compile cache's) and a resolution.
 */
const lazily = new Map([['sidecar', join(sources, 'cli/run.ts')]])
for (const file of globSync('modules/*/module.ts', { cwd: sources }))
  lazily.set(file.split('/')[1]!, join(sources, file))

const reaches = new Map<string, ReadonlySet<string>>()
let lazyOnes: readonly string[] | undefined

const bundle = await rolldown({
  plugins: [builtins],
  input: { outrigger: join(sources, 'cli/entry.ts'), ...threads },
  cwd: root,
  platform: 'node',
  preserveEntrySignatures: 'allow-extension',
  treeshake: true,
  // The same parser without what its Node build reads from the environment.
  resolve: { alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') } },
  onLog(level, log) {
    if (level === 'warn') process.stderr.write(`${log.message}\n`)
  },
})
await rm(values.out, { recursive: true, force: true })
const { output } = await bundle.write({
  dir: values.out,
  format: 'esm',
  sourcemap: true,
  // One character beyond Latin-1 would double the memory of a whole file's source.
  charset: 'ascii',
  // Names stay, so that stack traces can be read; white space and comments would be kept in memory with the source.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  entryFileNames: '[name].js',
  chunkFileNames: chunkFile,
  codeSplitting: {
    groups: [{ name: together, debugName: 'together' }],
    includeDependenciesRecursively: false,
  },
  comments: { legal: true, annotation: false, jsdoc: false },
})
await bundle.close()

if (!values.quiet) {
  const chunks = output.filter(file => file.type === 'chunk')
  for (const chunk of chunks.toSorted((a, b) => a.fileName.localeCompare(b.fileName)))
    console.log(`${String(Math.ceil(chunk.code.length / 1024)).padStart(6)} KiB  dist/${chunk.fileName}`)
  console.log(`${chunks.length} files in ${Math.round(performance.now() - started)} ms`)
}

/**
 * Names the file that a source goes into with what is always loaded with it; null leaves it to the bundler. What is also
 * reached by a lazy import of another module stays by itself, or that import would bring all of this module in.
 */
function together(id: string, graph: ChunkingContext): string | null {
  const reached = (from: string) => reachOf(from, graph).has(id)
  if (reached(join(sources, 'cli/entry.ts'))) return null
  const [first, ...others] = [...lazily].filter(([, from]) => reached(from)).map(([name]) => name)
  if (first === undefined || first === 'sidecar') return first ?? null
  if (others.length > 0) return 'modules'
  const own = [join(sources, 'modules', first), join(sources, 'cli')]
  const isStrange = (from: string) => reached(from) && !own.some(folder => from.startsWith(`${folder}/`))
  return lazyImports(graph).some(isStrange) ? null : first
}

/** All that the program imports when it needs it. */
function lazyImports(graph: ChunkingContext): readonly string[] {
  if (lazyOnes !== undefined) return lazyOnes
  const seen = new Set([join(sources, 'cli/entry.ts')])
  const lazy = new Set<string>()
  for (const id of seen) {
    const { importedIds = [], dynamicallyImportedIds = [] } = graph.getModuleInfo(id) ?? {}
    for (const imported of [...importedIds, ...dynamicallyImportedIds]) seen.add(imported)
    for (const imported of dynamicallyImportedIds) lazy.add(imported)
  }
  lazyOnes = [...lazy]
  return lazyOnes
}

/** A source and all that it imports statically, directly or not. */
function reachOf(from: string, graph: ChunkingContext): ReadonlySet<string> {
  const known = reaches.get(from)
  if (known !== undefined) return known
  const reach = new Set([from])
  for (const id of reach)
    for (const imported of graph.getModuleInfo(id)?.importedIds ?? []) reach.add(imported)
  reaches.set(from, reach)
  return reach
}

/** A chunk is called after the source file that it was split off for: dist/modules/logs/module.js. */
function chunkFile(chunk: PreRenderedChunk): string {
  const source = chunk.facadeModuleId
  if (source?.startsWith(sources)) return `${relative(sources, source).replace(/\.ts$/, '')}.js`
  const files = chunk.moduleIds.filter(id => !id.startsWith('\0'))
  const packages = new Set(files.map(id => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(id)?.[1]))
  const [name] = packages
  if (packages.size === 1 && name !== undefined) return `packages/${name.replace('/', '-')}-[hash].js`
  return `shared/${chunk.name}-[hash].js`
}

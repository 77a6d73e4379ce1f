#!/usr/bin/env node
// The launcher: finds a Node that is new enough, turns the compile cache on, and loads the bundle or,
// in a checkout whose bundle is missing or old, the sources. Written so that any Node with ES modules can parse it.
// Built-in modules that only some starts need are loaded by those: what is loaded here stays in every sidecar.
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

// An `import` of node:fs would load its streams too, which takes a tenth of the start.
const { existsSync, readdirSync, statSync } =
  process.getBuiltinModule?.('node:fs') ?? (await import('node:fs'))

const OLDEST_MAJOR = 24
/**
 * A young generation that stays small under load, and a collector that can be asked to tidy once the start is over:
 * 4 MB less in every pod, for 35 ms of the start. The heap may double before all of it is collected: a flood of log lines
 * needs no more, as their memory lies outside and is used again.
 */
const SIDECAR_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=100', '--expose-gc']

const launcher = fileURLToPath(import.meta.url)
const root = dirname(dirname(launcher))
// A link of that name stands in for the program of that name.
const calledAs = basename(process.argv[1] ?? '')
if (['fluent-bit', 'vault'].includes(calledAs)) process.argv.splice(2, 0, 'as', calledAs)

if (Number(process.versions.node.split('.')[0]) < OLDEST_MAJOR) {
  import('./relaunch.js').then(({ relaunch }) => relaunch(launcher, OLDEST_MAJOR), fail)
} else {
  if (process.argv[2] === 'run' || process.argv[2] === 'as') becomeSidecar()
  // Honours NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE; a folder that cannot be written is no error.
  process.getBuiltinModule('node:module').enableCompileCache()
  import(entryFile()).catch(fail)
}

/** Starts this process over, as the same process, with the flags of one that stays. */
function becomeSidecar() {
  if (process.execve === undefined || process.platform === 'win32') return
  if (SIDECAR_FLAGS.every(flag => process.execArgv.includes(flag))) return
  const args = [process.execPath, ...SIDECAR_FLAGS, ...process.execArgv, launcher, ...process.argv.slice(2)]
  process.execve(process.execPath, args, process.env)
}

/** The bundle that ships; in a checkout the sources, when they are newer than the bundle. */
function entryFile() {
  const bundle = join(root, 'dist', 'outrigger.js')
  const source = join(root, 'src', 'cli', 'entry.ts')
  if (!existsSync(source)) return bundle
  if (!existsSync(bundle)) return source
  return newestChange(join(root, 'src')) > statSync(bundle).mtimeMs ? source : bundle
}

/** Folders count too: a file that was removed changes only its folder. */
function newestChange(folder) {
  let newest = statSync(folder).mtimeMs
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) newest = Math.max(newest, newestChange(path))
    else if (!entry.name.endsWith('.test.ts')) newest = Math.max(newest, statSync(path).mtimeMs)
  }
  return newest
}

function fail(error) {
  process.stderr.write(`${error?.stack ? error.stack : String(error)}\n`)
  process.exitCode = 1
}

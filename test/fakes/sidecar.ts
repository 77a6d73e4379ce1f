/** A real sidecar in a process of its own, with a folder of its own. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SpawnedSidecar extends AsyncDisposable {
  /** `@FOLDER@` of the configuration; the process runs in it. */
  readonly folder: string
  readonly pid: number
  /** What it has written to both of its streams. */
  output(): string
  /** Resolves once something is true; fails with the output after 40 s, or when the process has ended. */
  until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** Asks it to end, and gives the exit code. */
  end(): Promise<number>
  /** Resolves with the exit code when it has ended by itself. */
  readonly exited: Promise<number | null>
}

const launcher = join(import.meta.dirname, '../../bin/outrigger.js')
const PATIENCE_MS = 40_000

/** `configuration` without dataDir and admin, which are in the folder. */
export async function spawnSidecar(
  configuration: string,
  given: {
    readonly application?: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    readonly folder?: string
  } = {},
): Promise<SpawnedSidecar> {
  const folder = given.folder ?? (await mkdtemp(join(tmpdir(), 'outrigger-sidecar-')))
  await writeFile(
    join(folder, 'outrigger.yaml'),
    `dataDir: '@FOLDER@/data'\nadmin: { listen: '@FOLDER@/admin.sock' }\n${configuration}`.replaceAll(
      '@FOLDER@',
      folder,
    ),
  )
  const args = given.application === undefined ? [] : ['--', ...given.application]
  const child = spawn(process.execPath, [launcher, 'run', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...given.env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', more => (output += more))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return {
    folder,
    pid: child.pid!,
    exited,
    output: () => output,
    signal: signal => child.kill(signal),
    async until(what, isSo) {
      const deadline = Date.now() + PATIENCE_MS
      while (!(await isSo())) {
        if (Date.now() > deadline || child.exitCode !== null) assert.fail(`${what} did not come: ${output}`)
        await new Promise(resolve => setTimeout(resolve, 25))
      }
    },
    async end() {
      child.kill('SIGTERM')
      return (await exited) ?? -1
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exited
      // A folder that was given is the giver's.
      if (given.folder === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 9 })
    },
  }
}

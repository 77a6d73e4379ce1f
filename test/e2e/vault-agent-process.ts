/** `outrigger as vault …`, and `bao …` beside it, as processes in a folder of the test's own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const launcher = join(import.meta.dirname, '../../bin/outrigger.js')
const PATIENCE_MS = 50_000

export interface Running {
  readonly pid: number
  /** All that it has printed, on both streams. */
  output(): string
  stdout(): string
  /** Its exit code, when it has ended by itself. */
  ended(): Promise<number | null>
  /** Until the output holds this. */
  until(pattern: RegExp): Promise<RegExpExecArray>
  end(signal?: NodeJS.Signals): Promise<number | null>
}

export interface Given {
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
}

export async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-vault-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

/** Us, called `vault`. */
export async function startVault(t: TestContext, args: readonly string[], given: Given): Promise<Running> {
  const link = join(given.folder, 'vault')
  await symlink(launcher, link).catch(() => {})
  return start(t, process.execPath, [link, ...args], given)
}

/** The real one. */
export function startBao(t: TestContext, args: readonly string[], given: Given): Running {
  return start(t, 'bao', args, given)
}

/** Until something is there. */
export async function eventually<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look().catch(() => undefined)
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`never: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function start(t: TestContext, program: string, args: readonly string[], { folder, env }: Given): Running {
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH']!, HOME: folder, TMPDIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let both = ''
  let out = ''
  child.stdout.setEncoding('utf8').on('data', more => {
    out += more
    both += more
  })
  child.stderr.setEncoding('utf8').on('data', more => (both += more))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return {
    pid: child.pid!,
    output: () => both,
    stdout: () => out,
    ended: () => exited,
    until: pattern =>
      eventually(async () => {
        const found = pattern.exec(both)
        if (found !== null) return found
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}`)
        return undefined
      }, `${pattern} in:\n${both}`),
    async end(signal = 'SIGTERM') {
      if (child.exitCode === null) child.kill(signal)
      return exited
    },
  }
}

import type { ChildProcess } from 'node:child_process'
import type { React, ReactionHost } from './reaction.ts'

/** Of what a command that fails has written, the end is told. */
const TOLD_BYTES = 500
/** How long output may arrive after the end of its command, whose own children may hold the pipe open for ever. */
const LAST_OUTPUT_MS = 200

/**
 * Runs a command in a process group of its own, and kills all of it when it takes too long. It is over when the
 * program itself has ended; what that has left behind in the background goes on, and holds nothing up.
 */
export function commandReaction(
  {
    run,
    timeoutMs,
    output,
  }: {
    readonly run: readonly string[]
    readonly timeoutMs: number
    readonly output: 'onFailure' | 'inherit'
  },
  { env }: Pick<ReactionHost, 'env'>,
): React {
  return async ({ deliveries }, signal) => {
    const { spawn } = await import('node:child_process')
    const [program, ...args] = run
    const child = spawn(program!, args, {
      detached: true,
      stdio: output === 'inherit' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      env: { ...env, OUTRIGGER_CHANGED: deliveries.join(',') },
    })
    await ended(child, program!, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]), timeoutMs)
  }
}

async function ended(
  child: ChildProcess,
  program: string,
  stop: AbortSignal,
  timeoutMs: number,
): Promise<void> {
  let told = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      told = (told + chunk.toString()).slice(-TOLD_BYTES)
    })
  const kill = () => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  stop.addEventListener('abort', kill, { once: true })
  try {
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new Error(error.code === 'ENOENT' ? `there is no program ${program}` : `${program}: ${error.code}`),
        ),
      )
      child.once('close', (code, signal) => resolve([code, signal]))
      child.once('exit', (code, signal) => setTimeout(() => resolve([code, signal]), LAST_OUTPUT_MS))
    })
    if (code === 0) return
    const how = stop.aborted
      ? `was killed after ${timeoutMs / 1000} s`
      : signal
        ? `ended by ${signal}`
        : `ended with code ${code}`
    throw new Error(`${program} ${how}${told.trim() === '' ? '' : `: ${told.trim()}`}`)
  } finally {
    stop.removeEventListener('abort', kill)
  }
}

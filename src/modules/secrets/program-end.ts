import type { ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'

export interface ProgramGiven {
  /** For messages. */
  readonly program: string
  /** Streams whose end is told when it fails. */
  readonly telling: readonly (Readable | null)[]
  readonly timeoutMs: number
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Of what a program that fails has written, the end is told. */
const TOLD_BYTES = 500
/** How long output may arrive after the end of its program, whose own children may hold the pipe open for ever. */
const LAST_OUTPUT_MS = 200

/**
 * Until a program has ended that leads a process group of its own: all of it is killed when it takes too long. What it has
 * left behind in the background goes on, and holds nothing up. Rejects when it failed, with the end of what it wrote.
 */
export async function programEnd(child: ChildProcess, given: ProgramGiven): Promise<void> {
  const { program, telling, timeoutMs, signal } = given
  const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  let told = ''
  for (const stream of telling)
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
    const [code, endedBy] = await new Promise<[number | null, string | null]>((resolve, reject) => {
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
      : endedBy
        ? `ended by ${endedBy}`
        : `ended with code ${code}`
    throw new Error(`${program} ${how}${told.trim() === '' ? '' : `: ${told.trim()}`}`)
  } finally {
    stop.removeEventListener('abort', kill)
  }
}

/** Programs that a bench starts beside itself, each in a folder of its own that goes with it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Program {
  /** The process that does the work. */
  readonly pid: number
  stop(): Promise<void>
}

export function ownFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `outrigger-${name}-`))
}

const running = new Map<ChildProcess, string>()

/** Whatever way the bench ends, the process and its folder do not stay behind. */
export function goesWithBench(child: ChildProcess, folder: string): void {
  running.set(child, folder)
  if (running.size > 1 || process.listenerCount('SIGINT') > 0) return
  process.once('exit', () => {
    for (const [child, folder] of running) {
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
}

export async function stop(child: ChildProcess, folder: string): Promise<void> {
  running.delete(child)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  rmSync(folder, { recursive: true, force: true })
}

/** Resolves when it listens on `port` of 127.0.0.1. */
export async function startProgram(
  command: readonly string[],
  port: number,
  folder: string,
): Promise<Program> {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'inherit', 'inherit'] })
  goesWithBench(child, folder)
  let failure: Error | undefined
  child.on('error', error => {
    failure = error
  })
  while (!(await listens(port))) {
    if (failure !== undefined) throw failure
    if (child.exitCode !== null) throw new Error(`${command.join(' ')} ended with ${child.exitCode}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  return { pid: child.pid!, stop: () => stop(child, folder) }
}

function listens(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

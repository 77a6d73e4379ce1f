import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Writes all files or none: each beside its place first, then all are renamed into place, keeping their modes; links are
 * followed. A signal that comes meanwhile takes effect when all is done. Gives the reason when it could not be done;
 * everything is then as it was before.
 */
export async function replaceFiles(
  files: readonly (readonly [path: string, text: string])[],
): Promise<string | undefined> {
  let signal: NodeJS.Signals | undefined
  const hold = (name: NodeJS.Signals) => {
    signal = name
  }
  for (const name of SIGNALS) process.on(name, hold)
  try {
    const failure = replaceAll(files)
    // Signals are told in turns of the loop, and all of the above was one.
    await new Promise(setImmediate)
    return failure
  } finally {
    for (const name of SIGNALS) process.off(name, hold)
    if (signal !== undefined) process.kill(process.pid, signal)
  }
}

interface Replacement {
  readonly path: string
  readonly temporary: string
  /** Of the file that was there. */
  readonly before: Buffer | undefined
}

function replaceAll(files: readonly (readonly [path: string, text: string])[]): string | undefined {
  const done: Replacement[] = []
  const prepared: Replacement[] = []
  let current = ''
  try {
    for (const [path, text] of files) {
      current = path
      prepared.push(prepare(path, text))
    }
    for (const each of prepared) {
      current = each.path
      renameSync(each.temporary, each.path)
      done.push(each)
    }
    return undefined
  } catch (error) {
    for (const { path, before } of done)
      if (before === undefined) rmSync(path, { force: true })
      else writeFileSync(path, before)
    for (const { temporary } of prepared) rmSync(temporary, { force: true })
    return `${current} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`
  }
}

function prepare(named: string, text: string): Replacement {
  mkdirSync(dirname(named), { recursive: true })
  const there = statSync(named, { throwIfNoEntry: false })
  const path = there === undefined ? named : realpathSync(named)
  const temporary = `${path}.outrigger-${process.pid}`
  try {
    writeFileSync(temporary, text, { flag: 'wx' })
    if (there !== undefined) chmodSync(temporary, there.mode)
    return { path, temporary, before: there === undefined ? undefined : readFileSync(path) }
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

import { readFile } from 'node:fs/promises'
import { concerns, type React, type ReactionHost } from './reaction.ts'

/** Sends a signal to the supervised application, or to the process whose number is in a file. */
export function signalReaction(
  { name, pidFile }: { readonly name: string; readonly pidFile?: string },
  { supervision }: Pick<ReactionHost, 'supervision'>,
): React {
  const signal = `SIG${name}` as NodeJS.Signals
  return async change => {
    if (pidFile === undefined) {
      if (concerns(change, supervision)) supervision?.signal(signal)
    } else sendTo(await readPid(pidFile), signal, pidFile)
  }
}

async function readPid(file: string): Promise<number> {
  const text = await readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${file}: ${error.code === 'ENOENT' ? 'there is no such file' : error.code}`)
  })
  const pid = Number(/^\s*(\d{1,10})\s*$/.exec(text)?.[1])
  // 0 and 1 would be our own group, and all that there is.
  if (!(pid > 1)) throw new Error(`${file} does not hold the number of a process`)
  return pid
}

function sendTo(pid: number, signal: NodeJS.Signals, file: string): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH') throw new Error(`there is no process ${pid}, which ${file} names`)
    throw new Error(`process ${pid}, which ${file} names, cannot be sent ${signal}: ${code}`)
  }
}

import { execFile, execFileSync, spawn } from 'node:child_process'
import { promisify } from 'node:util'
import { isOnPath } from '../fakes/programs.ts'

const PATH = `${process.env['PATH']}:/usr/sbin:/sbin`

/** For a test's `skip`: why this machine cannot have network namespaces, or false. With CI=true a skipped test is a failure. */
export function cannotHaveNamespaces(...programs: string[]): string | false {
  for (const program of ['ip', ...programs]) if (!isOnPath(program)) return `not installed: ${program}`
  const name = `outrigger-try-${process.pid}`
  try {
    execFileSync('ip', ['netns', 'add', name], { env: { PATH }, stdio: 'ignore' })
    execFileSync('ip', ['netns', 'del', name], { env: { PATH }, stdio: 'ignore' })
    return false
  } catch {
    return 'needs the right to make network namespaces'
  }
}

/** A network namespace with its own loopback; goes, with all that runs in it, when it is disposed. */
export class Namespace implements AsyncDisposable {
  readonly name: string

  private constructor(name: string) {
    this.name = name
  }

  static async create(purpose: string): Promise<Namespace> {
    const name = `outrigger-${purpose}-${process.pid}`
    await ip('netns', 'add', name)
    const made = new Namespace(name)
    await made.run('ip', 'link', 'set', 'lo', 'up')
    return made
  }

  /** Runs a program to its end; rejects with what it says on stderr. */
  async run(program: string, ...args: string[]): Promise<string> {
    const all = ['netns', 'exec', this.name, program, ...args]
    const { stdout } = await promisify(execFile)('ip', all, { env: environment(), timeout: 30_000 })
    return stdout
  }

  /** Starts a program that stays, as a user of its own where one is given. */
  start(uid: number | undefined, program: string, ...args: string[]) {
    const as = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups']
    const all = ['netns', 'exec', this.name, ...as, program, ...args]
    return spawn('ip', all, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { stdout } = await promisify(execFile)('ip', ['netns', 'pids', this.name], { env: { PATH } })
    for (const pid of stdout.split(/\s+/).filter(Boolean)) kill(Number(pid))
    await ip('netns', 'del', this.name)
  }
}

export async function ip(...args: string[]): Promise<void> {
  await promisify(execFile)('ip', args, { env: { PATH } })
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended in the meantime.
  }
}

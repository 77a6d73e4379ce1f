import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
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

  /** Starts a program that stays, and waits until it says `sign`. Gives all that it has said, now and later. */
  async started(uid: number, sign: RegExp, program: string, ...args: string[]): Promise<() => string> {
    const child = this.start(uid, program, ...args)
    let said = ''
    const hear = (chunk: Buffer): void => {
      said += chunk
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    const ended = once(child, 'close').then(() => {
      throw new Error(`${program} ${args[0]} ended: ${said}`)
    })
    ended.catch(() => {})
    while (!sign.test(said))
      await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), ended])
    return () => said
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { stdout } = await promisify(execFile)('ip', ['netns', 'pids', this.name], { env: { PATH } })
    for (const pid of stdout.split(/\s+/).filter(Boolean)) kill(Number(pid))
    await ip('netns', 'del', this.name)
  }
}

/** A network of two: eth0 in each, with addresses that end in 1 and in 2, such as 10.77.0.1 and fd77::1. */
export async function joinPods(
  one: Namespace,
  other: Namespace,
  { four, six }: { readonly four: string; readonly six: string },
): Promise<void> {
  const links = [`or${process.pid}a`, `or${process.pid}b`] as const
  await ip('link', 'add', links[0], 'type', 'veth', 'peer', 'name', links[1])
  for (const [at, pod] of [one, other].entries()) {
    const link = links[at]!
    await ip('link', 'set', link, 'netns', pod.name)
    await pod.run('ip', 'link', 'set', link, 'name', 'eth0')
    await pod.run('ip', 'addr', 'add', `${four}.${at + 1}/24`, 'dev', 'eth0')
    await pod.run('ip', '-6', 'addr', 'add', `${six}::${at + 1}/64`, 'dev', 'eth0', 'nodad')
    await pod.run('ip', 'link', 'set', 'eth0', 'up')
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

/** A real PostgreSQL with passwords, in a folder of its own. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from './free-port.ts'

export interface Postgres {
  readonly port: number
  /** Runs SQL as the superuser. */
  run(sql: string): Promise<string>
  /** Whether this user gets in with this password. */
  letsIn(user: string, password: string): Promise<boolean>
  stop(): Promise<void>
}

const SUPERUSER = { user: 'owner', password: 'of-the-test' }
const START_MS = 60_000

/** Debian puts the server's programs beside those on the PATH, a folder for each version. */
export function postgresPrograms(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort() : []
  return versions
    .map(version => join(root, version, 'bin'))
    .findLast(folder => existsSync(join(folder, 'initdb')))
}

export async function startPostgres(): Promise<Postgres> {
  const programs = postgresPrograms()!
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-postgres-'))
  await chmod(folder, 0o755)
  const user = serverUser()
  const home = join(folder, 'home')
  await mkdir(home)
  await writeFile(join(folder, 'password'), SUPERUSER.password, { mode: 0o644 })
  if (user) await chown(home, user.uid, user.gid)
  const port = await freePort()
  const env = { ...process.env, LC_ALL: 'C' }
  const options = { ...user, env, cwd: home }
  const initdb = [
    '-D',
    join(home, 'data'),
    '-A',
    'scram-sha-256',
    '-U',
    SUPERUSER.user,
    '--no-sync',
    `--pwfile=${folder}/password`,
  ]
  execFileSync(join(programs, 'initdb'), initdb, { ...options, stdio: 'pipe' })
  const settings = { listen_addresses: '127.0.0.1', unix_socket_directories: home, fsync: 'off' }
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(programs, 'postgres'), ['-D', join(home, 'data'), '-p', String(port), ...args], {
    ...options,
    stdio: 'ignore',
  })
  const ended = once(server, 'exit')
  const psql = (name: string, password: string, sql: string) =>
    promisify(execFile)(
      join(programs, 'psql'),
      ['-h', '127.0.0.1', '-p', String(port), '-U', name, '-d', 'postgres', '-Atc', sql],
      {
        env: { ...env, PGPASSWORD: password, PGCONNECT_TIMEOUT: '10' },
      },
    ).then(({ stdout }) => stdout)
  const letsIn = (name: string, password: string) =>
    psql(name, password, 'select 1').then(
      () => true,
      () => false,
    )
  const deadline = Date.now() + START_MS
  while (!(await letsIn(SUPERUSER.user, SUPERUSER.password))) {
    if (server.exitCode !== null || Date.now() > deadline) throw new Error('PostgreSQL did not start')
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return {
    port,
    letsIn,
    run: sql => psql(SUPERUSER.user, SUPERUSER.password, sql),
    async stop() {
      server.kill('SIGINT')
      await ended
      await rm(folder, { recursive: true, force: true, maxRetries: 9 })
    },
  }
}

/** The address for a client that puts in user and password itself. */
export function urlTemplate({ port }: Postgres): string {
  return `postgresql://{{username}}:{{password}}@127.0.0.1:${port}/postgres?sslmode=disable`
}

export const postgresOwner = SUPERUSER

/** PostgreSQL does not run as root: then it runs as the user whom its package made. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, , uid, gid] = execFileSync('getent', ['passwd', 'postgres'], { encoding: 'utf8' }).split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

// What real servers write is read by the formats that have their names.
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { eventually, SidecarProcess } from '../chaos/processes.ts'
import { freePort } from '../fakes/free-port.ts'
import { missing } from '../fakes/programs.ts'

const PATIENCE_MS = 60_000

type LogRecord = Readonly<Record<string, unknown>>

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-servers-'))
  // Servers have users of their own.
  chmodSync(folder, 0o755)
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

/** A sidecar with one tail; gives the records that have come out of it. */
function tailing(t: TestContext, folder: string, tail: object): () => LogRecord[] {
  const out = join(folder, 'out.ndjson')
  const file = join(folder, 'outrigger.yaml')
  const config = {
    admin: { listen: '127.0.0.1:0' },
    dataDir: join(folder, 'state'),
    logs: { inputs: [{ tail }], outputs: [{ file: { path: out, flushInterval: '20ms' } }] },
  }
  writeFileSync(file, JSON.stringify(config))
  const sidecar = new SidecarProcess(file)
  t.after(() => sidecar.signal('SIGKILL'))
  sidecar.start()
  return () =>
    existsSync(out)
      ? readFileSync(out, 'utf8')
          .split('\n')
          .slice(0, -1)
          .map(line => JSON.parse(line))
      : []
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGINT')
  await exited
}

/** Debian puts the server's programs beside those on the PATH, a folder for each version. */
function postgresPrograms(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort() : []
  return versions
    .map(version => join(root, version, 'bin'))
    .findLast(folder => existsSync(join(folder, 'initdb')))
}

/** PostgreSQL does not run as root: then it runs as the user whom its package made. */
function postgresUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, , uid, gid] = execFileSync('getent', ['passwd', 'postgres'], { encoding: 'utf8' }).split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

const programs = postgresPrograms()

test('PostgreSQL: its log and its csvlog, statements of several lines among them', {
  skip: programs === undefined && 'not installed: postgresql',
}, async t => {
  const folder = folderOf(t)
  const user = postgresUser()
  const [home, logs] = [join(folder, 'home'), join(folder, 'logs')]
  for (const each of [home, logs]) {
    mkdirSync(each)
    if (user) chownSync(each, user.uid, user.gid)
  }
  if (user) chownSync(folder, user.uid, user.gid)
  const data = join(home, 'data')
  const port = await freePort()
  const env = { ...process.env, LC_ALL: 'C', PGTZ: 'UTC', TZ: 'UTC' }
  execFileSync(join(programs!, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'me', '--no-sync'], {
    ...user,
    env,
    cwd: home,
    stdio: 'pipe',
  })
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: home,
    fsync: 'off',
    logging_collector: 'on',
    log_destination: 'stderr,csvlog',
    log_directory: logs,
    log_filename: 'server.log',
    log_file_mode: '0644',
    log_line_prefix: '%m [%p]: user=%u,db=%d ',
    log_timezone: 'UTC',
    log_statement: 'all',
  }
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(programs!, 'postgres'), ['-D', data, '-p', String(port), ...options], {
    ...user,
    env,
    cwd: home,
    stdio: 'ignore',
  })
  t.after(() => ended(server))
  const ask = (statement: string) =>
    spawnSync(
      'psql',
      ['-h', '127.0.0.1', '-p', String(port), '-U', 'me', '-d', 'postgres', '-c', statement],
      { env, encoding: 'utf8' },
    )
  const until = Date.now() + PATIENCE_MS
  while (ask('SELECT 1').status !== 0)
    assert.ok(Date.now() < until && server.exitCode === null, 'PostgreSQL did not start')

  const plain = tailing(t, mkdtempSync(join(folder, 'plain-')), {
    paths: [join(logs, 'server.log')],
    format: 'postgres',
    linePrefix: '%m [%p]: user=%u,db=%d ',
    multiline: { rules: [{ continuation: { pattern: '^\\t' } }] },
  })
  const csv = tailing(t, mkdtempSync(join(folder, 'csv-')), {
    paths: [join(logs, 'server.csv')],
    format: 'postgres_csv',
    multiline: { rules: [{ start: { pattern: '^\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d' } }] },
  })
  const before = Date.now()
  ask('SELECT nope\nFROM pg_class, "a ""quoted"" name"')
  const failure = (records: LogRecord[]) =>
    records.find(({ level, message }) => level === 'ERROR' && /does not exist/.test(String(message)))
  const statement = (records: LogRecord[]) =>
    records.find(({ message }) => /^statement: SELECT nope/.test(String(message)))
  for (const [what, records] of [
    ['the log', plain],
    ['the csvlog', csv],
  ] as const) {
    await eventually(`the failure in ${what}`, PATIENCE_MS, () => failure(records()) !== undefined)
    const all = records()
    assert.deepEqual(
      all.filter(({ parse_error }) => parse_error !== undefined),
      [],
      what,
    )
    const { user, database, pid, time } = failure(all)!
    assert.deepEqual([user, database, typeof pid], ['me', 'postgres', 'number'], what)
    assert.ok(
      Math.abs(Date.parse(String(time).replace(' ', 'T').replace(' UTC', 'Z')) - before) < PATIENCE_MS,
      `${what}: ${time}`,
    )
    assert.match(String(statement(all)?.['message']), /nope\n\s*FROM pg_class, "a ""quoted"" name"$/, what)
  }
})

test('nginx: its access log and its error log', { skip: missing('nginx', 'curl') }, async t => {
  const folder = folderOf(t)
  const port = await freePort()
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log info;
    events {}
    http {
      access_log ${folder}/access.log combined;
      client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
      uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      server { listen 127.0.0.1:${port}; root ${folder}/none; location = /ok { return 200 "ok"; } }
    }`,
  )
  const server = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  })
  t.after(() => ended(server))
  const get = (path: string) =>
    spawnSync(
      'curl',
      [
        '-s',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-A',
        'a "quoted" agent',
        '-u',
        'ann:x',
        `http://127.0.0.1:${port}${path}`,
      ],
      { encoding: 'utf8' },
    ).stdout
  const until = Date.now() + PATIENCE_MS
  while (get('/ok') !== '200')
    assert.ok(Date.now() < until && server.exitCode === null, 'nginx did not start')
  assert.equal(get('/missing%20file'), '404')

  const access = tailing(t, mkdtempSync(join(folder, 'a-')), {
    paths: [join(folder, 'access.log')],
    format: 'nginx',
  })
  await eventually('the access', PATIENCE_MS, () => access().some(({ status }) => Number(status) === 404))
  assert.deepEqual(
    access().filter(({ parse_error }) => parse_error !== undefined),
    [],
  )
  assert.match(JSON.stringify(access().at(-1)), /"ann".*missing%20file.*quoted/)

  const errors = tailing(t, mkdtempSync(join(folder, 'e-')), {
    paths: [join(folder, 'error.log')],
    format: 'nginx_error',
  })
  await eventually('the error', PATIENCE_MS, () =>
    errors().some(({ message }) => /missing file/.test(String(message))),
  )
  assert.deepEqual(
    errors().filter(({ parse_error }) => parse_error !== undefined),
    [],
  )
})

import { request } from 'node:http'
import type { Clock } from '../clock/clock.ts'
import { FakeClock } from '../clock/fake.ts'
import { systemClock } from '../clock/system.ts'
import type { Configuration, ConfiguredModule, Loaded } from '../config/load.ts'
import type { Level } from '../log/log.ts'
import { Logger } from '../log/logger.ts'
import type { LogRecord } from '../log/record.ts'
import type { Address } from '../module.ts'
import { Sidecar } from './sidecar.ts'

export interface FakeConfiguration {
  readonly modules?: readonly ConfiguredModule[]
  readonly listen?: Address
  readonly public?: Address
  readonly hosts?: readonly string[]
  readonly level?: Level
  readonly command?: readonly string[]
  readonly files?: readonly string[]
  /** Documents that are skipped, by what is told of them. */
  readonly skipped?: readonly string[]
}

/** For tests: a sidecar whose configuration is `configure`d by hand, with a real admin listener on a free port. */
export function fakeSidecar(first: FakeConfiguration = {}, clock: Clock = systemClock()) {
  let loaded: Loaded = { ok: true, configuration: configurationOf(first) }
  let quits = 0
  const records: LogRecord[] = []
  const logger = new Logger({ write: () => {}, format: () => '', clock: new FakeClock() })
  const sidecar = new Sidecar({
    load: async () => loaded,
    logger,
    clock,
    env: {},
    version: '1.2.3',
    onQuit: () => {
      quits++
    },
  })
  const note = logger.onRecord
  logger.onRecord = (record, suppressed) => {
    note(record, suppressed)
    records.push(record)
  }
  return {
    sidecar,
    records,
    quits: () => quits,
    configure: (next: FakeConfiguration) => {
      loaded = { ok: true, configuration: configurationOf(next) }
    },
    breakFile: (report: string) => {
      loaded = { ok: false, report, problems: [] }
    },
    /** Where a listener is bound, as the log says it; the latest one. */
    address: (isPublic = false) =>
      String(
        records.findLast(({ event, fields }) => event === 'listening' && fields['public'] === isPublic)
          ?.fields['address'],
      ),
    [Symbol.asyncDispose]: () => sidecar.stop({ remainingMs: () => 0, signal: AbortSignal.abort() }),
  }
}

function configurationOf(fake: FakeConfiguration): Configuration {
  const { modules = [], level = 'info', listen = { host: '127.0.0.1', port: 0 }, files = [] } = fake
  return {
    app: {
      env: {},
      stopGraceMs: 1000,
      shutdownMs: 2000,
      ...(fake.command && { command: [...fake.command] }),
    },
    admin: { listen, hosts: fake.hosts ?? [], ...(fake.public && { public: fake.public }) },
    dataDir: '/nowhere',
    log: { level, format: 'json' },
    modules: new Map(modules.map(configured => [configured.module.name, configured])),
    notes: (fake.skipped ?? []).map(message => ({ file: 'r.yaml', path: [], message })),
    secrets: new Map(),
    pending: new Map(),
    lacks: () => [],
    files,
    hash: modules.map(({ fingerprint }) => fingerprint).join('-') || 'none',
    effective: () => ({ password: '<redacted>' }),
  }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** One request to `host:port`; `GET` unless the path says otherwise: `POST /reload`. */
export function ask(
  address: string,
  what: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> {
  const [method, path] = what.includes(' ') ? (what.split(' ', 2) as [string, string]) : ['GET', what]
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(`http://${address}`)
    const asked = request({ host: hostname, port, method, path, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: text }),
      )
    })
    asked.on('error', reject).end(body)
  })
}

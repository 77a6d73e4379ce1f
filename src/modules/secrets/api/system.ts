import type { LosslessJson } from '../../../wire/json/lossless.ts'
import { type ApiAnswer, type ApiRequest, data, errors, object, UNSUPPORTED } from './answer.ts'

/** What the parts of the API that are not KV tell of. */
export interface SystemFacts {
  /** Without a slash at its end: `secret`. */
  readonly mount: string
  readonly token: string
  readonly startedMs: number
  /** The source cannot be read: clients know that state as a sealed server. */
  readonly sealed: boolean
}

/** Some clients look at it before they use newer calls; all of KV version 2 was there then. */
const COMPATIBLE_VERSION = '1.17.0'
const CLUSTER = object({ cluster_name: 'outrigger', cluster_id: '00000000-0000-0000-0000-000000000000' })

const LEADER = object({ ha_enabled: false })
const PUBLIC = new Set(['sys/health', 'sys/seal-status', 'sys/leader'])

/** Asked without a token, by health checks. */
export function publicAnswer(
  { operation, path }: ApiRequest,
  facts: SystemFacts,
  nowMs: number,
): ApiAnswer | undefined {
  if (!PUBLIC.has(path)) return undefined
  if (operation !== 'read') return UNSUPPORTED
  if (path === 'sys/leader') return { status: 200, body: LEADER }
  if (path === 'sys/seal-status') return { status: 200, body: sealStatus(facts) }
  const health = object({
    initialized: true,
    sealed: facts.sealed,
    standby: false,
    performance_standby: false,
    replication_performance_mode: 'disabled',
    replication_dr_mode: 'disabled',
    server_time_utc: Math.floor(nowMs / 1000),
    version: COMPATIBLE_VERSION,
  })
  return { status: facts.sealed ? 503 : 200, body: new Map([...health, ...CLUSTER]) }
}

/** `sys/` and `auth/`; undefined for other paths. */
export function systemAnswer({ operation, path }: ApiRequest, facts: SystemFacts): ApiAnswer | undefined {
  if (!/^(?:sys|auth)(?:\/|$)/.test(path)) return undefined
  if (path === 'auth/token/renew-self')
    return operation === 'write' ? errors(400, 'lease is not renewable') : UNSUPPORTED
  const answer = readingAnswer(path.replace(/\/+$/, ''), facts)
  return answer === undefined || operation === 'read' ? answer : UNSUPPORTED
}

export function noRoute(path: string): ApiAnswer {
  return errors(404, `no handler for route ${JSON.stringify(path)}. route entry not found.`)
}

function readingAnswer(path: string, facts: SystemFacts): ApiAnswer | undefined {
  const { mount } = facts
  if (path === 'auth/token/lookup-self') return data(tokenFacts(facts))
  if (path === 'sys/mounts') return withData(new Map([[`${mount}/`, mountFacts()]]))
  if (path === `sys/mounts/${mount}`) return withData(mountFacts())
  if (path === 'sys/internal/ui/mounts')
    return data(
      new Map([
        ['auth', new Map([['token/', tokenMount()]])],
        ['secret', new Map([[`${mount}/`, mountFacts()]])],
      ]),
    )
  if (!path.startsWith('sys/internal/ui/mounts/')) return undefined
  const asked = path.slice('sys/internal/ui/mounts/'.length)
  if (asked === mount || asked.startsWith(`${mount}/`))
    return data(new Map([...mountFacts(), ['path', `${mount}/`]]))
  return errors(
    403,
    `preflight capability check returned 403, please ensure client's policies grant access to path "${asked}/"`,
  )
}

/** Answers about mounts say everything twice: under `data`, and beside it. */
function withData(facts: ReadonlyMap<string, LosslessJson>): ApiAnswer {
  const { status, body } = data(facts)
  return { status, body: new Map([...facts, ...(body as ReadonlyMap<string, LosslessJson>)]) }
}

function mountFacts(): ReadonlyMap<string, LosslessJson> {
  return object({
    accessor: 'kv_outrigger',
    config: object({ default_lease_ttl: 0, force_no_cache: false, max_lease_ttl: 0 }),
    deprecation_status: 'supported',
    description: 'key/value secret storage',
    external_entropy_access: false,
    local: false,
    options: object({ version: '2' }),
    plugin_version: '',
    running_plugin_version: `v${COMPATIBLE_VERSION}+builtin.vault`,
    running_sha256: '',
    seal_wrap: false,
    type: 'kv',
    uuid: '00000000-0000-0000-0000-000000000001',
  })
}

function tokenMount(): ReadonlyMap<string, LosslessJson> {
  return new Map([
    ...mountFacts(),
    ['accessor', 'auth_token_outrigger'],
    [
      'config',
      object({
        default_lease_ttl: 0,
        force_no_cache: false,
        max_lease_ttl: 0,
        token_type: 'default-service',
      }),
    ],
    ['description', 'token based credentials'],
    ['options', null],
    ['type', 'token'],
    ['uuid', '00000000-0000-0000-0000-000000000002'],
  ])
}

function tokenFacts({ token, startedMs }: SystemFacts): LosslessJson {
  return object({
    accessor: 'outrigger',
    creation_time: Math.floor(startedMs / 1000),
    creation_ttl: 0,
    display_name: 'outrigger',
    entity_id: '',
    expire_time: null,
    explicit_max_ttl: 0,
    id: token,
    issue_time: new Date(startedMs).toISOString(),
    meta: null,
    num_uses: 0,
    orphan: true,
    path: 'auth/token/create',
    policies: ['outrigger'],
    renewable: false,
    ttl: 0,
    type: 'service',
  })
}

function sealStatus({ sealed }: SystemFacts): LosslessJson {
  const status = object({
    type: 'outrigger',
    initialized: true,
    sealed,
    t: 1,
    n: 1,
    progress: 0,
    nonce: '',
    recovery_seal: false,
    version: COMPATIBLE_VERSION,
    build_date: '',
    migration: false,
    storage_type: 'outrigger',
  })
  return new Map([...status, ...CLUSTER])
}

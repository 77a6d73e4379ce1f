import { readFile } from 'node:fs/promises'
import type { RedisConnection } from '../../../backends/redis/connection.ts'
import type { Timer } from '../../../kernel/clock/clock.ts'
import type { Host } from '../../../kernel/module.ts'
import { type Reply, ReplyError } from '../../../wire/resp/resp.ts'
import { sameConfig } from '../clusters/same-config.ts'
import { redisUrl, type SharedLimitsConfig } from './shared-config.ts'

/** One bucket that a request has to have a token in. */
export interface Demand {
  readonly key: string
  readonly intervalMs: number
  readonly burst: number
  readonly enforce: boolean
}

/** What Redis says: whom it would refuse. */
export interface Count {
  /** Which of the demands refuses the request; -1: none. */
  readonly refusedBy: number
  readonly waitMs: number
  readonly resetMs: number
  /** Demands that are not enforced and would have refused it. */
  readonly exceeded: readonly number[]
}

const MAX_PENDING = 10_000

/**
 * Token buckets as in `Buckets`, each one number: when it is full again, in microseconds of the server's clock. All of
 * a request's buckets are looked at first; only a request that none of them refuses is counted.
 * ARGV: interval in µs, burst and enforce (1 or 0) of each key.
 */
const SCRIPT = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local full = {}
local exceeded = {}
for i = 1, #KEYS do
  local interval = tonumber(ARGV[i * 3 - 2])
  local burst = tonumber(ARGV[i * 3 - 1])
  local at = tonumber(redis.call('GET', KEYS[i]) or 0)
  if at < now then at = now end
  local wait = at - now + interval - interval * burst
  if wait > 0.5 then
    if ARGV[i * 3] == '1' then return {i, math.ceil(wait), math.ceil(at - now), exceeded} end
    exceeded[#exceeded + 1] = i
  else
    full[i] = at + interval
  end
end
for i = 1, #KEYS do
  if full[i] then
    redis.call('SET', KEYS[i], string.format('%.3f', full[i]), 'PX', math.ceil((full[i] - now) / 1000) + 1)
  end
end
return {0, 0, 0, exceeded}
`

/** By then the next connection is there or has failed, and what was asked of the former one is answered. */
const FORMER_MS = 15_000

/** The buckets that all sidecars count in together. The connection exists only while a configuration names a Redis. */
export class SharedCounts implements Disposable {
  readonly #host: Host
  #config: SharedLimitsConfig | undefined
  #connection: RedisConnection | undefined
  /** Of the configuration before: it counts until the next one is connected. */
  #former: RedisConnection | undefined
  #formerEnds: Timer | undefined

  constructor(host: Host) {
    this.#host = host
  }

  get config(): SharedLimitsConfig | undefined {
    return this.#config
  }

  /** Takes a checked configuration over. Rejects with the error of the file system when `ca` cannot be read. */
  async use(config: SharedLimitsConfig | undefined): Promise<void> {
    if (sameConfig(config, this.#config)) return
    const { url, ca, timeoutMs } = this.#config ?? {}
    const isSame =
      config?.url.reveal() === url?.reveal() && config?.ca === ca && config?.timeoutMs === timeoutMs
    if (!isSame) this.#replace(config && (await this.#open(config)))
    this.#config = config
  }

  /** Undefined: Redis does not answer. `answer` is called once, perhaps before this returns. */
  count(demands: readonly Demand[], answer: (count: Count | undefined) => void): void {
    const prefix = this.#config?.prefix ?? ''
    const parts = ['EVAL', SCRIPT, String(demands.length)]
    // The braces keep all keys of a prefix on one node of a cluster.
    for (const { key } of demands) parts.push(`{${prefix}}:${key}`)
    for (const { intervalMs, burst, enforce } of demands)
      parts.push(String(intervalMs * 1000), String(burst), enforce ? '1' : '0')
    const connection = this.#connection?.connected ? this.#connection : (this.#former ?? this.#connection)
    if (connection === undefined) answer(undefined)
    else connection.send(parts, reply => answer(this.#read(reply)))
  }

  [Symbol.dispose](): void {
    this.#connection?.[Symbol.dispose]()
    this.#connection = undefined
    this.#endFormer()
  }

  #replace(next: RedisConnection | undefined): void {
    this.#endFormer()
    this.#former = this.#connection
    this.#connection = next
    if (this.#former !== undefined)
      this.#formerEnds = this.#host.clock.timeout(FORMER_MS, () => this.#endFormer())
  }

  #endFormer(): void {
    this.#formerEnds?.cancel()
    this.#former?.[Symbol.dispose]()
    this.#former = undefined
  }

  async #open({ url, ca, timeoutMs }: SharedLimitsConfig): Promise<RedisConnection> {
    const { RedisConnection } = await import('../../../backends/redis/connection.ts')
    const { clock, log } = this.#host
    const options = {
      url: redisUrl(url.reveal())!,
      timeoutMs,
      maxPending: MAX_PENDING,
      ...(ca !== undefined && { tls: { ca: await readFile(ca) } }),
    }
    return new RedisConnection(options, {
      clock,
      random: Math.random,
      changed: (state, reason) => {
        if (state === 'connected') log.info('limits_shared', 'Redis counts the shared rate limits', {})
        else log.warn('limits_not_shared', `Redis is away: ${reason}`, { whenAway: this.#config?.whenAway })
      },
    })
  }

  #read(reply: Reply | Error): Count | undefined {
    if (reply instanceof ReplyError)
      this.#host.log.warn('limits_refused', `Redis refuses the script: ${reply.message}`, {})
    if (!Array.isArray(reply)) return undefined
    const [refusedBy, waitUs, resetUs, exceeded] = reply as [number, number, number, number[]]
    const waitMs = waitUs / 1000
    return { refusedBy: refusedBy - 1, waitMs, resetMs: resetUs / 1000, exceeded: exceeded.map(at => at - 1) }
  }
}

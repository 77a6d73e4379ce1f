import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type Deadline, DeadlineWheel } from '../../../http/deadline-wheel.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Counter, Family, Gauge } from '../../../kernel/metrics/metrics.ts'
import type { ProxyMetrics } from './metrics.ts'

export interface TunnelLimits {
  readonly maxTunnels: number
  /** Without a byte in either direction; undefined: no limit. */
  readonly idleTimeoutMs: number | undefined
}

/** closed: by the two ends; idle, deadline: by us; refused: there were too many. */
export type TunnelEnd = 'closed' | 'idle' | 'deadline' | 'refused'

const TICK_MS = 1000
/** A silent tunnel asks its peers so often whether they are still there. */
const KEEP_ALIVE_MS = 60_000

/** The tunnels of one listener: CONNECT, upgraded connections, connections that are passed on as they are. */
export class Tunnels {
  limits: TunnelLimits
  readonly wheel: DeadlineWheel
  readonly #listener: string
  readonly #open = new Set<Tunnel>()
  readonly #gauge: Gauge
  readonly #ends: Family<Counter>
  #empty: (() => void) | undefined

  constructor(listener: string, metrics: ProxyMetrics, clock: Clock, limits: TunnelLimits) {
    this.#listener = listener
    this.limits = limits
    this.wheel = new DeadlineWheel(clock, TICK_MS)
    this.#gauge = metrics.tunnels.with(listener)
    this.#ends = metrics.tunnelsEnded
  }

  /** A place for a tunnel that is about to be made; undefined when there is none. Who gets one joins or gives it up. */
  reserve(): Tunnel | undefined {
    if (this.#open.size >= this.limits.maxTunnels) {
      this.#ends.with(this.#listener, 'refused' satisfies TunnelEnd).inc()
      return undefined
    }
    const tunnel = new Tunnel(this)
    this.#open.add(tunnel)
    this.#gauge.set(this.#open.size)
    return tunnel
  }

  /** Waits until every tunnel has ended; breaks those that are left at the deadline. */
  async drain({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    if (this.#open.size === 0) return
    const end = () => this.close()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    await new Promise<void>(resolve => {
      this.#empty = resolve
      if (this.#open.size === 0) resolve()
    })
    signal.removeEventListener('abort', end)
  }

  close(): void {
    for (const tunnel of [...this.#open]) tunnel.break('deadline')
  }

  /** For the tunnel. */
  ended(tunnel: Tunnel, end: TunnelEnd | undefined): void {
    if (!this.#open.delete(tunnel)) return
    this.wheel.remove(tunnel)
    this.#gauge.set(this.#open.size)
    if (end !== undefined) this.#ends.with(this.#listener, end).inc()
    if (this.#open.size === 0) this.#empty?.()
  }
}

export interface TunnelSide {
  readonly stream: Duplex
  /** What it has said already. */
  readonly rest: Buffer
}

export const NOTHING = Buffer.alloc(0)

/** Two connections, joined: bytes at the pace of the slower one, an end of one side passed on, a break breaks both. */
export class Tunnel implements Deadline {
  deadlineMs = Number.POSITIVE_INFINITY
  bucket = -1
  /** From the client, and to it. */
  received = 0
  sent = 0
  readonly #tunnels: Tunnels
  #ends: readonly Duplex[] = []
  #end: TunnelEnd = 'closed'
  #onBreak: (() => void) | undefined

  constructor(tunnels: Tunnels) {
    this.#tunnels = tunnels
  }

  /** Nothing came of it. */
  giveUp(): void {
    this.#tunnels.ended(this, undefined)
  }

  /** What breaks it while it is being made. */
  onBreak(act: () => void): void {
    this.#onBreak = act
  }

  /** `ended` is called once both are closed. */
  join(clientSide: TunnelSide, upstreamSide: TunnelSide, ended: () => void): void {
    const { stream: client } = clientSide
    const { stream: upstream } = upstreamSide
    let open = 2
    const closed = (): void => {
      if (--open > 0) return
      this.#tunnels.ended(this, this.#end)
      ended()
    }
    this.#onBreak = undefined
    this.#ends = [client, upstream]
    this.#touch()
    this.received = clientSide.rest.length
    this.sent = upstreamSide.rest.length
    if (this.sent > 0) client.write(upstreamSide.rest)
    if (this.received > 0) upstream.write(clientSide.rest)
    direct(client, upstream, bytes => {
      this.received += bytes
      this.#touch()
    })
    direct(upstream, client, bytes => {
      this.sent += bytes
      this.#touch()
    })
    client.on('close', closed)
    upstream.on('close', closed)
  }

  break(end: TunnelEnd): void {
    this.#end = end
    this.#onBreak?.()
    for (const side of this.#ends) breakOff(side)
  }

  expire(): void {
    this.break('idle')
  }

  #touch(): void {
    const { idleTimeoutMs } = this.#tunnels.limits
    if (idleTimeoutMs !== undefined) this.#tunnels.wheel.arm(this, idleTimeoutMs)
  }
}

function direct(from: Duplex, to: Duplex, carried: (bytes: number) => void): void {
  from.allowHalfOpen = true
  if (from instanceof Socket) {
    from.setTimeout(0)
    from.setKeepAlive(true, KEEP_ALIVE_MS)
  }
  from.on('data', (chunk: Buffer) => {
    carried(chunk.length)
    if (!to.write(chunk)) from.pause()
  })
  to.on('drain', () => from.resume())
  if (from.readableEnded) to.end()
  else from.on('end', () => to.end())
  from.on('error', () => breakOff(to))
  from.on('close', () => {
    // After an orderly end what is on its way to the other side still arrives.
    if (from.errored || !from.readableEnded) breakOff(to)
    else if (!to.writableEnded) to.end()
  })
  from.resume()
}

/** So that it does not look like an orderly end. */
function breakOff(stream: Duplex): void {
  try {
    if (stream instanceof Socket) stream.resetAndDestroy()
    else stream.destroy()
  } catch {
    // Only plain TCP knows the reset.
    stream.destroy()
  }
}

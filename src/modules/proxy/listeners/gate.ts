import { isDeepStrictEqual } from 'node:util'
import type { Host } from '../../../kernel/module.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'
import { type Access, createAccess } from '../access/access.ts'
import { policyOf } from '../access/policy.ts'
import type { Verdict } from '../access/verdict.ts'
import type { ListenerConfig } from '../config.ts'
import type { Admission, Gate } from '../forward/gate.ts'
import { createLimiter } from '../limits/create.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { SharedCounts } from '../limits/shared-counts.ts'
import type { Refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'
import type { ConnectionGate } from './passed-connection.ts'

type GateConfig = Pick<ListenerConfig, 'access' | 'limits'>
type GateHost = Pick<Host, 'clock' | 'log' | 'metrics' | 'use'>

/** Access rules, then rate limits: who may not do a thing does not use up anybody's rate. */
export class ListenerGate implements Gate, ConnectionGate {
  readonly access: Access | undefined
  readonly limiter: Limiter | undefined
  readonly #config: GateConfig

  /** What stays the same goes on as it is: limits go on counting, verified tokens stay known. */
  constructor(
    config: GateConfig,
    host: GateHost,
    previous: ListenerGate | undefined,
    shared: SharedCounts | undefined,
  ) {
    this.#config = config
    this.access = accessOf(config, host, previous)
    const before = previous?.limiter
    this.limiter =
      config.limits.length === 0
        ? undefined
        : createLimiter(config.limits, {
            clock: host.clock,
            metrics: host.metrics,
            ...(before && { previous: before }),
            ...(shared && { shared }),
          })
  }

  /** Of the access rules that these are made from. */
  hasAccess(access: GateConfig['access']): boolean {
    return isDeepStrictEqual(this.#config.access, access)
  }

  strip(headers: HeaderList): void {
    this.access?.strip(headers)
  }

  admit(view: RequestView, route: string): Admission | Promise<Admission> {
    const verdict = this.access?.decide(view)
    return verdict instanceof Promise
      ? verdict.then(late => this.#judge(late, view, route))
      : this.#judge(verdict, view, route)
  }

  admitConnection(view: RequestView): Admission | Promise<Admission> {
    const verdict = this.access?.decideConnection(view)
    return verdict instanceof Promise
      ? verdict.then(late => this.#judge(late, view, ''))
      : this.#judge(verdict, view, '')
  }

  /** A line for each rule and limit that the request would meet. Counts nothing. */
  async explain(
    view: RequestView,
    route: string,
    isConnection = false,
  ): Promise<{ access: string[]; limits: string[] }> {
    return {
      access: (await this.access?.explain(view, isConnection)) ?? [],
      limits: this.limiter?.explain(view, route) ?? [],
    }
  }

  /** The rate is that of those who may pass. `verdict` is undefined where there are no rules. */
  #judge(verdict: Verdict | undefined, view: RequestView, route: string): Admission | Promise<Admission> {
    const refused = verdict?.refusal ?? this.limiter?.decide(view, route)
    return refused instanceof Promise
      ? refused.then(late => this.#admission(late, verdict, view))
      : this.#admission(refused, verdict, view)
  }

  #admission(refused: Refusal | undefined, verdict: Verdict | undefined, view: RequestView): Admission {
    if (verdict === undefined) return refused ?? view
    const admission = refused ?? this.#forwarded(verdict, view)
    return verdict.audits.length === 0 ? admission : { ...admission, audits: verdict.audits }
  }

  #forwarded(verdict: Verdict, view: RequestView): RequestView {
    if (verdict.proof === undefined) return view
    return { ...view, search: this.access!.forward(verdict, view.headers, view.search) }
  }
}

/** Undefined where nothing is to be asked, so that a request costs nothing. */
export function gateOf(
  config: GateConfig,
  host: GateHost,
  previous: ListenerGate | undefined,
  shared?: SharedCounts,
): ListenerGate | undefined {
  if (config.access === undefined && config.limits.length === 0) return undefined
  const gate = new ListenerGate(config, host, previous, shared)
  // The first token need not wait for the keys.
  if (gate.access !== previous?.access) void gate.access?.warm()
  return gate
}

function accessOf(
  { access }: GateConfig,
  host: GateHost,
  previous: ListenerGate | undefined,
): Access | undefined {
  if (access === undefined) return undefined
  if (previous?.access !== undefined && previous.hasAccess(access)) return previous.access
  const decide = access.policy ? policyOf(host) : undefined
  const { clock, log, metrics } = host
  return createAccess(access, { clock, log, metrics, ...(decide && { decide }) })
}

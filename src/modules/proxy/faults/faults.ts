import type { Counter, Metrics } from '../../../kernel/metrics/metrics.ts'
import { anyMatches, type Glob, pathGlob, textGlob } from '../matching/glob.ts'
import { headerMatches } from '../matching/header.ts'
import type { RequestView } from '../request.ts'
import type { FaultConfig } from './config.ts'

/** What is to go wrong with one request: first the delay, then one of the rest. */
export interface Fault {
  readonly name: string
  /** 0: none. */
  readonly delayMs: number
  /** Answered with failure code `fault_injected` and this status. */
  readonly abortStatus: number | undefined
  /** The client's connection breaks without an answer. */
  readonly reset: boolean
  /** Of the answer's body; 0: as fast as it comes. */
  readonly bodyBytesPerSecond: number
}

export interface FaultsParts {
  readonly metrics: Metrics
  /** From 0 to below 1; Math.random unless given. */
  readonly random?: () => number
}

/** Synchronous; whoever forwards the request applies what it says. */
export interface Faults {
  /** Allocates nothing: the same fault is the same object. */
  decide(view: RequestView, route: string): Fault | undefined
  /** The faults that the request may meet; throws no dice and counts nothing. */
  explain(view: RequestView, route: string): string[]
}

interface Injection {
  readonly fault: Fault
  /** From 0 to 1. */
  readonly chance: number
  readonly routes: readonly Glob[] | undefined
  readonly methods: readonly string[] | undefined
  readonly paths: readonly Glob[] | undefined
  readonly headers: readonly { readonly lowerName: string; readonly globs: readonly Glob[] }[]
  readonly injected: Counter
}

export function createFaults(configs: readonly FaultConfig[], parts: FaultsParts): Faults {
  const { metrics, random = Math.random } = parts
  const counter = metrics.counter('faults_injected_total', 'Requests that got a fault on purpose.', ['fault'])
  const injections = configs.map(config => makeInjection(config, counter.with(config.name)))
  return {
    decide(view, route) {
      for (let at = 0; at < injections.length; at++) {
        const injection = injections[at]!
        if (!matches(injection, view, route) || random() >= injection.chance) continue
        injection.injected.inc()
        return injection.fault
      }
      return undefined
    },
    explain: (view, route) =>
      injections
        .filter(injection => matches(injection, view, route))
        .map(
          ({ fault, chance }) =>
            `fault "${fault.name}" with ${+(chance * 100).toFixed(4)} %: ${describe(fault)}`,
        ),
  }
}

function makeInjection(config: FaultConfig, injected: Counter): Injection {
  const { name, delayMs, abort, reset, slowBodyBytes, methods } = config
  return {
    fault: { name, delayMs, abortStatus: abort, reset, bodyBytesPerSecond: slowBodyBytes },
    chance: config.percent / 100,
    routes: config.routes?.map(textGlob),
    methods,
    paths: config.paths?.map(pathGlob),
    headers: Object.entries(config.headers).map(([header, value]) => ({
      lowerName: header.toLowerCase(),
      globs: [textGlob(value)],
    })),
    injected,
  }
}

function matches({ routes, methods, paths, headers }: Injection, view: RequestView, route: string): boolean {
  if (routes !== undefined && !anyMatches(routes, route)) return false
  if (methods !== undefined && !methods.includes(view.method)) return false
  if (paths !== undefined && !anyMatches(paths, view.path)) return false
  for (let at = 0; at < headers.length; at++) {
    const { lowerName, globs } = headers[at]!
    if (!headerMatches(view.headers, lowerName, globs)) return false
  }
  return true
}

function describe({ delayMs, abortStatus, reset, bodyBytesPerSecond }: Fault): string {
  const parts = []
  if (delayMs > 0) parts.push(`wait ${delayMs} ms`)
  if (abortStatus !== undefined) parts.push(`answer ${abortStatus}`)
  if (reset) parts.push('break the connection')
  if (bodyBytesPerSecond > 0) parts.push(`send the body with ${bodyBytesPerSecond} bytes a second`)
  return parts.join(', ')
}

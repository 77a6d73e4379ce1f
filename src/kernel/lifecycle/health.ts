import type { Health } from '../module.ts'

/** Where the process stands between its start and its end. */
export type Phase = 'starting' | 'running' | 'draining' | 'stopping'

/** The sidecar as a whole. */
export interface Overall {
  readonly ready: boolean
  readonly state: Health['state']
  readonly phase: Phase
  /** Why not ready, or not well; absent when all is well. */
  readonly message?: string
  readonly modules: Readonly<Record<string, Health>>
}

const RANK: Readonly<Record<Health['state'], number>> = { ok: 0, degraded: 1, failed: 2 }

/** Ready when it runs and every module is ready; as well as the worst module, and degraded when the last reload was refused. */
export function overall(
  phase: Phase,
  modules: Readonly<Record<string, Health>>,
  reloadProblem: string | undefined,
): Overall {
  const states = Object.values(modules).map(({ state }) => state)
  const worst = states.reduce((a, b) => (RANK[b] > RANK[a] ? b : a), reloadProblem ? 'degraded' : 'ok')
  const unready = Object.keys(modules).filter(name => !modules[name]!.ready)
  const ready = phase === 'running' && unready.length === 0
  const reasons = [
    ...(phase === 'running' ? [] : [`the sidecar is ${phase}`]),
    ...Object.entries(modules).flatMap(([name, health]) =>
      health.state === 'ok' && health.ready ? [] : [`${name}: ${health.message ?? 'is not ready'}`],
    ),
    ...(reloadProblem ? [reloadProblem] : []),
  ]
  return { ready, state: worst, phase, ...(reasons.length > 0 && { message: reasons.join('; ') }), modules }
}

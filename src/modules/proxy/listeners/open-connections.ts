import type { Host } from '../../../kernel/module.ts'
import type { ProxyMetrics } from '../forward/metrics.ts'

/** Shows the connections of a listener's clients until its scope ends. */
export function showConnections(
  listener: string,
  { metrics, scope }: Pick<Host, 'metrics' | 'scope'>,
  { connections }: ProxyMetrics,
  count: () => number,
): void {
  const shown = connections.with(listener)
  let closed = false
  scope.defer(() => {
    closed = true
  })
  metrics.onCollect(() => {
    if (!closed) shown.set(count())
  })
}

/** What the sidecar's proxy has counted since it began, from the Prometheus text of its /metrics. */
export interface ProxyFigures {
  readonly requests: number
  readonly retries: number
  /** Times that the circuit of an instance opened. */
  readonly opened: number
  /** Durations: how many requests took at most so many seconds, in rising order; the last bound is infinite. */
  readonly buckets: readonly Bucket[]
}

export interface Bucket {
  readonly atMostSeconds: number
  readonly count: number
}

export function proxyFigures(exposition: string): ProxyFigures {
  const counts = new Map<number, number>()
  const line = /^outrigger_proxy_request_duration_seconds_bucket\{.*le="([^"]+)".*\} (\S+)/gm
  for (const [, bound, value] of exposition.matchAll(line)) {
    const atMostSeconds = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound)
    counts.set(atMostSeconds, (counts.get(atMostSeconds) ?? 0) + Number(value))
  }
  return {
    requests: sum(exposition, 'requests_total'),
    retries: sum(exposition, 'retries_total'),
    opened: sum(exposition, 'cluster_ejections_total'),
    buckets: Array.from(counts, ([atMostSeconds, count]) => ({ atMostSeconds, count })),
  }
}

/** Over all series of the metric. */
function sum(exposition: string, metric: string): number {
  let total = 0
  for (const [, value] of exposition.matchAll(
    new RegExp(`^outrigger_proxy_${metric}(?:\\{.*\\})? (\\S+)`, 'gm'),
  ))
    total += Number(value)
  return total
}

/** The duration that `part` of the requests between two looks did not exceed, estimated within its bucket; undefined without requests. */
export function quantileMs(part: number, now: ProxyFigures, earlier: ProxyFigures): number | undefined {
  const counts = now.buckets.map(({ count }, index) => count - (earlier.buckets[index]?.count ?? 0))
  const wanted = (counts.at(-1) ?? 0) * part
  if (wanted === 0) return undefined
  const index = counts.findIndex(count => count >= wanted)
  const below = counts[index - 1] ?? 0
  const from = now.buckets[index - 1]?.atMostSeconds ?? 0
  const to = now.buckets[index]!.atMostSeconds
  if (to === Number.POSITIVE_INFINITY) return from * 1000
  return (from + ((to - from) * (wanted - below)) / (counts[index]! - below)) * 1000
}

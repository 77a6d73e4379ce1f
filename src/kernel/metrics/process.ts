import { readdirSync, readFileSync } from 'node:fs'
import type { Clock } from '../clock/clock.ts'
import type { Metrics } from './metrics.ts'

/** Above the resolution of a timer (1 ms) and the time between two looks at an idle loop. */
const LAG_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const LOOK_MS = 250

/** The process as Prometheus clients show it (process_*, nodejs_*); read when asked, from /proc where there is one. */
export function registerProcessMetrics(metrics: Metrics): void {
  const cpu = metrics.counter('process_cpu_seconds_total', 'User and system CPU time.').with()
  const gauge = (name: string, help: string) => metrics.gauge(name, help).with()
  const rss = gauge(
    'process_resident_memory_bytes',
    'Resident memory, with pages that are shared with other processes.',
  )
  const anonymous = gauge('process_private_memory_bytes', 'Resident memory of this process alone (RssAnon).')
  const virtual = gauge('process_virtual_memory_bytes', 'Virtual memory.')
  const fds = gauge('process_open_fds', 'Open file descriptors.')
  const maxFds = gauge('process_max_fds', 'The most file descriptors that may be open.')
  const heapUsed = gauge('nodejs_heap_size_used_bytes', 'JavaScript heap in use.')
  const heapTotal = gauge('nodejs_heap_size_total_bytes', 'JavaScript heap, as taken from the system.')
  const external = gauge('nodejs_external_memory_bytes', 'Memory of buffers and other native objects.')
  gauge('process_start_time_seconds', 'When the process started, in seconds since the epoch.').set(
    Math.round(performance.timeOrigin) / 1000,
  )
  const limit = readOpenFilesLimit()
  if (limit !== undefined) maxFds.set(limit)

  let cpuSeconds = 0
  metrics.onCollect(() => {
    const { user, system } = process.cpuUsage()
    const now = (user + system) / 1e6
    cpu.inc(Math.max(0, now - cpuSeconds))
    cpuSeconds = now
    const memory = process.memoryUsage()
    rss.set(memory.rss)
    heapUsed.set(memory.heapUsed)
    heapTotal.set(memory.heapTotal)
    external.set(memory.external)
    const status = readStatus()
    if (status.anonymousBytes !== undefined) anonymous.set(status.anonymousBytes)
    if (status.virtualBytes !== undefined) virtual.set(status.virtualBytes)
    const open = countOpenFiles()
    if (open !== undefined) fds.set(open)
  })
}

/** How late timers are: a sample every quarter of a second, which costs nothing and still sees every long hold in proportion to its length. */
export function registerLoopLag(metrics: Metrics, clock: Clock): Disposable {
  const lag = metrics
    .histogram('nodejs_eventloop_lag_seconds', 'How late a timer of the event loop was.', LAG_BUCKETS)
    .with()
  let expected = clock.monotonic() + LOOK_MS
  const timer = clock.interval(LOOK_MS, () => {
    const now = clock.monotonic()
    lag.observe(Math.max(0, now - expected) / 1000)
    expected = now + LOOK_MS
  })
  return { [Symbol.dispose]: () => timer.cancel() }
}

/** Private memory from /proc/self/status; undefined where there is no /proc. */
export function readStatus(): { anonymousBytes?: number; virtualBytes?: number } {
  const text = readProc('/proc/self/status')
  const anonymousBytes = kilobytes(text, 'RssAnon')
  const virtualBytes = kilobytes(text, 'VmSize')
  return {
    ...(anonymousBytes !== undefined && { anonymousBytes }),
    ...(virtualBytes !== undefined && { virtualBytes }),
  }
}

function kilobytes(text: string, key: string): number | undefined {
  const found = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)
  return found ? Number(found[1]) * 1024 : undefined
}

function readOpenFilesLimit(): number | undefined {
  const found = /^Max open files\s+(\d+)/m.exec(readProc('/proc/self/limits'))
  return found ? Number(found[1]) : undefined
}

function countOpenFiles(): number | undefined {
  try {
    // One of them is the look itself.
    return readdirSync('/proc/self/fd').length - 1
  } catch {
    return undefined
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

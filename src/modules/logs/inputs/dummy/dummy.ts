import type { Input, InputHost } from '../input.ts'
import type { DummyConfig } from './config.ts'

/** Makes the same record again and again, for trying a configuration out. What is not made yet is missed by nobody. */
export function startDummy(
  config: DummyConfig,
  host: Omit<InputHost, 'positions' | 'memory' | 'budget' | 'readBytes'>,
): Input {
  const { clock, sink, name } = host
  const line = Buffer.from(`${JSON.stringify(JSON.parse(config.record))}\n`)
  const bytes = Buffer.concat(Array.from({ length: config.copies }, () => line))
  const starts = Uint32Array.from({ length: config.copies }, (_, i) => i * line.length)
  const ends = starts.map(start => start + line.length - 1)
  const origin = { input: name, path: name, tag: host.tag(name) }
  const beganMs = clock.now()
  const stopped = new AbortController()
  host.scope.defer(() => stopped.abort())

  async function make(): Promise<void> {
    const readAtMs = clock.now()
    const timeMs = config.startTime === undefined ? readAtMs : config.startTime + readAtMs - beganMs
    const timesMs = new Float64Array(config.copies).fill(timeMs)
    await sink({ bytes, count: config.copies, starts, ends, readAtMs, timesMs, origin })
  }

  async function run(): Promise<void> {
    const beganAt = clock.monotonic()
    const samples = config.samples ?? Number.POSITIVE_INFINITY
    for (let made = 0; made < samples && !stopped.signal.aborted; made++) {
      // By the clock, not by pauses: what was late is made up for.
      const dueInMs = beganAt + made * config.intervalMs - clock.monotonic()
      if (dueInMs > 0) await clock.sleep(dueInMs, stopped.signal)
      await make()
    }
  }

  const running = run().catch((error: Error) => {
    if (!stopped.signal.aborted) host.log.error('dummy_failed', `${host.key}: ${error.message}`)
  })
  return {
    rereadable: false,
    health: () => ({ ready: true, state: 'ok' }),
    async drain() {
      stopped.abort()
      await running
    },
  }
}

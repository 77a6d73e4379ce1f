import { openDescriptor } from '../../../../kernel/lines/descriptor.ts'
import type { Health } from '../../../../kernel/module.ts'
import { metricLines } from '../../../../wire/prometheus/lines.ts'
import { FamilySelector } from '../../selection.ts'
import type { OpenOutput } from '../output.ts'
import type { StdoutConfig } from './config.ts'

/** Lines on standard output at each interval; while their reader is behind, intervals are left out. */
export const openStdout: OpenOutput<StdoutConfig> = async (config, host) => {
  const selector = new FamilySelector(config)
  const writer = openDescriptor(1, host.clock)
  host.scope.defer(() => writer.close())
  let health: Health = { ready: true, state: 'ok' }
  let writing = false
  const write = async () => {
    if (writing) return
    writing = true
    try {
      const lines = metricLines(selector.select(host.exposition()), host.clock.now())
      await writer.write(Buffer.from(lines), host.signal)
      health = { ready: true, state: 'ok' }
    } catch (error) {
      health = { ready: true, state: 'degraded', message: `standard output: ${(error as Error).message}` }
    } finally {
      writing = false
    }
  }
  const timer = host.clock.interval(config.intervalMs, () => void write())
  host.scope.defer(() => timer.cancel())
  return { health: () => health }
}

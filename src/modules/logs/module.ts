import type { LogsOffer } from '../../kernel/lines/intake.ts'
import type { Module } from '../../kernel/module.ts'
import { checkLogs, type LogsConfig, logsConfig } from './config.ts'
import { startPipeline } from './pipeline.ts'

/** Reads logs and ships them, each record at least once. */
export const logs: Module<LogsConfig, LogsOffer> = {
  name: 'logs',
  config: logsConfig,
  check: checkLogs,
  async start(config, host) {
    const pipeline = await startPipeline(config, host)
    return {
      offer: { proxy: pipeline.proxy },
      health: () => pipeline.health(),
      drain: (deadline, reason) => pipeline.drain(deadline, reason),
    }
  },
}

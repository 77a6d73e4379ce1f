import type { Module } from '../../kernel/module.ts'
import { checkLogs, type LogsConfig, logsConfig } from './config.ts'
import { startPipeline } from './pipeline.ts'

/** Reads logs and ships them, each record at least once. */
export const logs: Module<LogsConfig> = {
  name: 'logs',
  config: logsConfig,
  check: checkLogs,
  async start(config, host) {
    const pipeline = await startPipeline(config, host)
    return {
      offer: undefined,
      health: () => pipeline.health(),
      drain: (deadline, reason) => pipeline.drain(deadline, reason),
    }
  },
}

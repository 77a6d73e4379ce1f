import type { OpenOutput, Output } from '../output.ts'
import type { NullConfig } from './config.ts'

/** Every record has arrived as soon as it is sent. */
export const openNull: OpenOutput<NullConfig> = async (): Promise<Output> => ({
  limits: { maxBytes: 1024 * 1024, maxRecords: 65_536, maxAgeMs: 100, concurrency: 1 },
  send: async () => ({ kind: 'done' }),
})

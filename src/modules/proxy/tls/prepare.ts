import type { PreparedTls } from './entry.ts'

interface Preparing<Config> {
  prepare(config: Config): Promise<PreparedTls>
}

/** Prepares the listeners that stay for their next settings, or none of them; the result takes them over. */
export async function prepareAll<Config>(
  listeners: readonly (Preparing<Config> | undefined)[],
  configs: readonly Config[],
): Promise<() => void> {
  const prepared: PreparedTls[] = []
  try {
    for (const [index, listener] of listeners.entries())
      if (listener !== undefined) prepared.push(await listener.prepare(configs[index]!))
  } catch (error) {
    for (const one of prepared) one.abandon()
    throw error
  }
  return () => {
    for (const one of prepared) one.commit()
  }
}

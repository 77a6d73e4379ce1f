import type { Amounts } from '../../manifests/pod-resources.ts'

/** What a cloud asks for a processor and a GiB of memory for an hour. */
export interface Prices {
  readonly cpuHour: number
  readonly memoryGiBHour: number
  /** Before or behind amounts: `$`, `EUR`. */
  readonly currency: string
  /** Where they come from, for the report. */
  readonly source: string
}

/** The defaults of OpenCost (configs/default.json): on-demand prices of Google Cloud in us-central1. */
export const DEFAULT_PRICES: Prices = {
  cpuHour: 0.031611,
  memoryGiBHour: 0.004237,
  currency: '$',
  source: 'defaults of OpenCost (us-central1, on demand)',
}

const HOURS_PER_MONTH = 730
const GIB = 2 ** 30

/** A month of what is reserved. */
export function monthly({ cpu = 0, memory = 0 }: Amounts, prices: Prices): number {
  return HOURS_PER_MONTH * (cpu * prices.cpuHour + (memory / GIB) * prices.memoryGiBHour)
}

import { formatDuration, formatSize } from '../../../kernel/config/units.ts'

/** A time as outrigger.yaml writes it. */
export function milliseconds(ms: number): string {
  return formatDuration(ms)
}

/** A size as outrigger.yaml writes it. */
export function bytes(size: number): string {
  return formatSize(size)
}

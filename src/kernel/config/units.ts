const durationUnits: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]

const sizeUnits: readonly (readonly [string, number])[] = [
  ['TiB', 1024 ** 4],
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['TB', 1e12],
  ['GB', 1e9],
  ['MB', 1e6],
  ['KB', 1e3],
  ['B', 1],
]

const durationShape =
  /^(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$/
const sizeShape = /^(\d+(?:\.\d+)?)\s?([KMGT]i?B|B)$/

/** The shapes as JSON Schema patterns. */
export const durationPattern =
  '^(?=\\d)(\\d+(\\.\\d+)?d)?(\\d+(\\.\\d+)?h)?(\\d+(\\.\\d+)?m)?(\\d+(\\.\\d+)?s)?(\\d+ms)?$'
export const sizePattern = '^\\d+(\\.\\d+)?\\s?([KMGT]i?B|B)$'

/** `1h30m` → milliseconds; undefined when it is no duration. Units go from large to small: d h m s ms. */
export function parseDuration(text: string): number | undefined {
  const parts = durationShape.exec(text)
  if (parts === null || text === '') return undefined
  const ms = durationUnits.reduce((sum, [, factor], i) => sum + Number(parts[i + 1] ?? 0) * factor, 0)
  return safe(ms)
}

/** `1.5MiB` → bytes; undefined when it is no size. KiB is 1024 bytes, KB is 1000. */
export function parseSize(text: string): number | undefined {
  const parts = sizeShape.exec(text)
  if (parts === null) return undefined
  const unit = sizeUnits.find(([name]) => name === parts[2])
  return unit && safe(Number(parts[1]) * unit[1])
}

/** The notation that `parseDuration` reads back: 5400000 → `1h30m`. */
export function formatDuration(ms: number): string {
  let rest = ms
  let text = ''
  for (const [unit, factor] of durationUnits) {
    const count = Math.floor(rest / factor)
    if (count > 0) text += count + unit
    rest -= count * factor
  }
  return text === '' ? '0s' : text
}

/** The largest unit that divides it: 1048576 → `1MiB`, 1000 → `1000B`. */
export function formatSize(bytes: number): string {
  const unit = sizeUnits.find(([name, factor]) => name.length !== 2 && bytes % factor === 0)
  return bytes === 0 || unit === undefined ? `${bytes}B` : bytes / unit[1] + unit[0]
}

function safe(amount: number): number | undefined {
  const whole = Math.round(amount)
  return Number.isSafeInteger(whole) ? whole : undefined
}

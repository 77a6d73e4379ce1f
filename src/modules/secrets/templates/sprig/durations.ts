/** Durations of Go: nanoseconds, and texts such as `1h2m3.5s`. */

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** Undefined when it is none. */
export function readDuration(text: string): bigint | undefined {
  const body = text.replace(/^[+-]/, '')
  if (body === '0') return 0n
  if (!/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined
  let sum = 0n
  for (const [, whole = '', fraction = '', unit] of body.matchAll(
    /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/g,
  )) {
    const size = UNITS[unit!]!
    sum += BigInt(whole || '0') * size + (BigInt(fraction || '0') * size) / 10n ** BigInt(fraction.length)
  }
  if (sum > 2n ** 63n - 1n) return undefined
  return text.startsWith('-') ? -sum : sum
}

export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s'
  const sign = nanoseconds < 0n ? '-' : ''
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  if (size < 1_000n) return `${sign}${size}ns`
  if (size < 1_000_000n) return `${sign}${fractional(size, 3)}µs`
  if (size < 1_000_000_000n) return `${sign}${fractional(size, 6)}ms`
  const minutes = size / UNITS['m']!
  const seconds = `${fractional(size % UNITS['m']!, 9)}s`
  if (minutes === 0n) return sign + seconds
  return minutes < 60n
    ? `${sign}${minutes}m${seconds}`
    : `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`
}

function fractional(value: bigint, digits: number): string {
  const size = 10n ** BigInt(digits)
  const rest = String(value % size)
    .padStart(digits, '0')
    .replace(/0+$/, '')
  return rest === '' ? String(value / size) : `${value / size}.${rest}`
}

const DAY = 24n * 3_600_000_000_000n
const ROUND: readonly (readonly [bigint, string])[] = [
  [365n * DAY, 'y'],
  [30n * DAY, 'mo'],
  [DAY, 'd'],
  [UNITS['h']!, 'h'],
  [UNITS['m']!, 'm'],
  [UNITS['s']!, 's'],
]

/** The largest unit that it is longer than, without a sign. */
export function roundDuration(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds
  const unit = ROUND.find(([length]) => size > length)
  return unit === undefined ? '0s' : `${size / unit[0]}${unit[1]}`
}

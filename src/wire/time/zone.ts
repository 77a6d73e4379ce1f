/** Minutes east of UTC that the clocks of a place show at an instant. */
export type ZoneRule = (utcMs: number) => number

/** A quarter of an hour: clocks change at its ends only. */
const STEP_MS = 900_000
const DAY_MS = 86_400_000
/** So many quarters are remembered: a few days of a log. */
const MAX_REMEMBERED = 1024

/** The rule of an IANA zone such as Europe/Berlin; undefined when there is none of that name. Loads Intl's data only now. */
export function namedZone(name: string): ZoneRule | undefined {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch {
    return undefined
  }
  const remembered = new Map<number, number>()
  let lastStep = Number.NaN
  let lastMinutes = 0
  return utcMs => {
    const step = Math.floor(utcMs / STEP_MS)
    if (step === lastStep) return lastMinutes
    let minutes = remembered.get(step)
    if (minutes === undefined) {
      minutes = offsetAt(format, step * STEP_MS)
      if (remembered.size >= MAX_REMEMBERED) remembered.clear()
      remembered.set(step, minutes)
    }
    lastStep = step
    lastMinutes = minutes
    return minutes
  }
}

/**
 * The instant at which the clocks of a place show a time, given as if it were UTC. Of the two that an hour has which
 * comes twice the first one counts; an hour that is left out is taken by the clock before the change, as Date does.
 */
export function instantInZone(rule: ZoneRule, asUtcMs: number): number {
  if (!(Math.abs(asUtcMs) <= 8.64e15 - DAY_MS)) return Number.NaN
  const before = rule(asUtcMs - DAY_MS)
  const after = rule(asUtcMs + DAY_MS)
  const first = asUtcMs - before * 60_000
  if (before === after || rule(first) === before) return first
  const second = asUtcMs - after * 60_000
  return rule(second) === after ? second : first
}

function offsetAt(format: Intl.DateTimeFormat, utcMs: number): number {
  const shown: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(utcMs)) shown[type] = Number(value)
  const { year, month, day, hour, minute, second } = shown
  const shownMs = Date.UTC(year, month - 1, day, hour, minute, second)
  return Math.round((shownMs - utcMs) / 60_000)
}

/** Minutes east of UTC of the abbreviations that logs have; where several places share one, that of RFC 822 or the larger place. */
export const ABBREVIATIONS: Readonly<Record<string, number>> = {
  utc: 0,
  gmt: 0,
  ut: 0,
  z: 0,
  wet: 0,
  west: 60,
  bst: 60,
  cet: 60,
  cest: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  sast: 120,
  eat: 180,
  pkt: 300,
  ist: 330,
  wib: 420,
  hkt: 480,
  sgt: 480,
  awst: 480,
  jst: 540,
  kst: 540,
  acst: 570,
  acdt: 630,
  aest: 600,
  aedt: 660,
  nzst: 720,
  nzdt: 780,
  nst: -210,
  ndt: -150,
  ast: -240,
  adt: -180,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
  akst: -540,
  akdt: -480,
  hst: -600,
  brt: -180,
  art: -180,
  clt: -240,
}

import { GoStruct, kindOf, stringIn, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed } from '../functions/define.ts'
import { goTime } from '../functions/time.ts'
import { integerOf } from './convert.ts'
import { durationText, readDuration, roundDuration } from './durations.ts'
import { readTime } from './read-time.ts'

const SECOND = 1_000_000_000n
/** Go's time of nothing: the first second of the year 1. */
const ZERO_MS = -62_135_596_800_000

/** Points in time and durations. All is UTC. */
export function dates(now: () => number): Family {
  const since = (value: Value) =>
    BigInt(
      Math.round(now() - (timeOf(value) ?? (isInteger(value) ? Number(integerOf(value)) * 1000 : now()))),
    ) * 1_000_000n
  return [
    fixed('toDate', ['string', 'string'], (layout: string, text: string) =>
      timeStruct(readTime(layout, text) ?? ZERO_MS),
    ),
    fixed('mustToDate', ['string', 'string'], (layout: string, text: string) => {
      const ms = readTime(layout, text)
      if (ms === undefined) throw new Error(`the text is no time of the layout ${JSON.stringify(layout)}`)
      return timeStruct(ms)
    }),
    ...['must_date_modify', 'mustDateModify'].map(name =>
      fixed(name, ['string', 'any'], (text: string, time: Value) => {
        const nanoseconds = readDuration(text)
        if (nanoseconds === undefined) throw new Error(`time: invalid duration ${JSON.stringify(text)}`)
        return timeStruct(wantedTime(time) + Number(nanoseconds / 1_000_000n))
      }),
    ),
    fixed('unixEpoch', ['any'], (time: Value) => String(Math.floor(wantedTime(time) / 1000))),
    fixed('ago', ['any'], (time: Value) => durationText(rounded(since(time)))),
    fixed('duration', ['any'], (seconds: Value) => {
      const isNumber =
        isInteger(seconds) || (kindOf(seconds) === 'string' && /^[+-]?\d+$/.test(stringIn(seconds)))
      return durationText(
        isNumber
          ? BigInt.asIntN(
              64,
              BigInt(isInteger(seconds) ? integerOf(seconds) : stringIn(seconds).replace('+', '')) * SECOND,
            )
          : 0n,
      )
    }),
    fixed('durationRound', ['any'], (value: Value) => {
      if (timeOf(value) !== undefined) return roundDuration(since(value))
      if (kindOf(value) === 'string') return roundDuration(readDuration(stringIn(value)) ?? 0n)
      return roundDuration(isInteger(value) ? integerOf(value) : 0n)
    }),
  ]
}

const MS_OF = new WeakMap<GoStruct, number>()

function timeStruct(ms: number): GoStruct {
  const at = new Date(ms)
  const plain = (name: string, value: () => Value) => fixed(name, [], value)
  const methods = [
    plain('Unix', () => BigInt(Math.floor(ms / 1000))),
    plain('UnixMilli', () => BigInt(ms)),
    plain('Year', () => BigInt(at.getUTCFullYear())),
    plain('Day', () => BigInt(at.getUTCDate())),
    plain('Hour', () => BigInt(at.getUTCHours())),
    plain('Minute', () => BigInt(at.getUTCMinutes())),
    plain('Second', () => BigInt(at.getUTCSeconds())),
    plain('Month', () => goTime('January', ms)),
    plain('Weekday', () => goTime('Monday', ms)),
    plain('IsZero', () => ms === ZERO_MS),
    plain('UTC', () => struct),
    plain('String', () => goTime('2006-01-02 15:04:05.999999999 -0700 MST', ms)),
    fixed('Format', ['string'], (layout: string) => goTime(layout, ms)),
  ]
  const struct: GoStruct = new GoStruct(
    'time.Time',
    {},
    Object.fromEntries(methods.map(each => [each.name, each])),
  )
  MS_OF.set(struct, ms)
  return struct
}

function timeOf(value: Value): number | undefined {
  return value instanceof GoStruct ? MS_OF.get(value) : undefined
}

function wantedTime(value: Value): number {
  const ms = timeOf(value)
  if (ms === undefined) throw new Error('expected a time, such as toDate makes')
  return ms
}

function isInteger(value: Value): boolean {
  return kindOf(value) === 'int'
}

/** To seconds, halves away from zero. */
function rounded(nanoseconds: bigint): bigint {
  const half = nanoseconds < 0n ? -SECOND / 2n : SECOND / 2n
  return ((nanoseconds + half) / SECOND) * SECOND
}

import type { Zone } from '../../../wire/time/civil.ts'
import { parseIso8601 } from '../../../wire/time/iso8601.ts'
import { compileStrptime, type ParseTime } from '../../../wire/time/strptime.ts'
import type { OnMisfit } from './format.ts'
import { type Layout, LayoutFormat, type Piece, quoted, word } from './layout.ts'

const TIME: Piece = { kind: 'time' }
const REQUEST: Piece = { kind: 'request' }

/** The Common Log Format, and behind it what makes it the combined one. What follows is kept as `extra`. */
const COMMON: Layout = {
  pieces: [
    word('client'),
    word('ident'),
    word('user'),
    TIME,
    REQUEST,
    word('status', 'integer'),
    word('bytes_sent', 'integer'),
    quoted('referrer'),
    quoted('user_agent'),
  ],
  optionalFrom: 7,
}

const ENVOY_END: readonly Piece[] = [
  word('bytes_received', 'integer'),
  word('bytes_sent', 'integer'),
  word('duration_ms', 'integer'),
  word('upstream_ms', 'integer'),
  quoted('forwarded_for'),
  quoted('user_agent'),
  quoted('request_id'),
  quoted('host'),
  quoted('endpoint'),
]

/** Envoy's default, and what Istio makes of it. */
const ENVOY: readonly Layout[] = [
  { pieces: [TIME, REQUEST, word('status', 'integer'), word('flags'), ...ENVOY_END] },
  {
    pieces: [
      TIME,
      REQUEST,
      word('status', 'integer'),
      word('flags'),
      word('detail'),
      word('termination'),
      quoted('upstream_failure'),
      ...ENVOY_END,
      word('upstream'),
      word('upstream_local_address'),
      word('local_address'),
      word('client'),
      word('server_name'),
      word('route'),
    ],
  },
]

/** The access log of Apache or nginx: common or combined. */
export function commonLog(what: string, zone: Zone, onMisfit: OnMisfit): LayoutFormat {
  const parse = compileStrptime('%d/%b/%Y:%T %z', zone)
  if (typeof parse !== 'function') throw new Error('the time form of the Common Log Format')
  return new LayoutFormat(`an access line of ${what}`, [COMMON], rememberingLast(parse), onMisfit)
}

export function envoyLog(zone: Zone, onMisfit: OnMisfit): LayoutFormat {
  const parse: ParseTime = (bytes, start, end) => parseIso8601(bytes, start, end, zone)
  return new LayoutFormat('an access line of Envoy', ENVOY, parse, onMisfit)
}

/** Lines of the same second, the usual case of a busy server, say the same time. */
function rememberingLast(parse: ParseTime): ParseTime {
  const last = new Uint8Array(32)
  let size = 0
  let lastMs = Number.NaN
  return (bytes, start, end, nowMs) => {
    if (end - start === size && isSame(last, bytes, start, size)) return lastMs
    const timeMs = parse(bytes, start, end, nowMs)
    if (end - start <= last.length && !Number.isNaN(timeMs)) {
      size = end - start
      last.set(bytes.subarray(start, end))
      lastMs = timeMs
    }
    return timeMs
  }
}

/** From the end on: that is where times differ. */
function isSame(last: Uint8Array, bytes: Uint8Array, start: number, size: number): boolean {
  for (let i = size - 1; i >= 0; i--) if (last[i] !== bytes[start + i]) return false
  return true
}

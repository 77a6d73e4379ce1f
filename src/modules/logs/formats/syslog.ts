import { COLON, COMMA, OPEN_BRACE } from '../../../wire/json/bytes.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { FACILITIES, type Part, SEVERITIES, SyslogMessage } from '../../../wire/syslog/message.ts'
import { readStructuredData } from '../../../wire/syslog/structured-data.ts'
import type { Zone } from '../../../wire/time/civil.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

const MESSAGE = Buffer.from('{"message":')
const STRUCTURED_DATA = Buffer.from(',"structured_data":')
/** What a priority says, as members, by priority. */
const PRIORITIES = Array.from({ length: 192 }, (_, priority) =>
  Buffer.from(
    `,"priority":${priority},"facility":"${FACILITIES[priority >> 3]}","severity":"${SEVERITIES[priority & 7]}"`,
  ),
)
const PARTS = (['time', 'hostname', 'appname', 'procid', 'msgid'] as const).map(
  name => [name, Buffer.from(`,"${name}":`)] as const,
)

/**
 * A syslog message of RFC 5424 or 3164: `message`, and what it has of `priority` with its `facility` and `severity`,
 * `time`, `hostname`, `appname`, `procid`, `msgid`, `structured_data` (an object of objects; a parameter that comes
 * more than once is a list).
 */
export class SyslogFormat implements Format {
  timeMs = Number.NaN
  readonly #onMisfit: OnMisfit
  readonly #syslog: SyslogMessage

  constructor(zone: Zone, onMisfit: OnMisfit) {
    this.#syslog = new SyslogMessage(zone)
    this.#onMisfit = onMisfit
  }

  read(
    bytes: Buffer,
    start: number,
    end: number,
    _record: JsonRecord,
    out: ByteWriter,
    nowMs: number,
  ): false {
    const syslog = this.#syslog
    this.timeMs = Number.NaN
    if (!syslog.parse(bytes, start, end, nowMs)) {
      this.#onMisfit()
      const why = `not syslog: expected ${syslog.error} at byte ${syslog.errorAt - start + 1}`
      return writeMisfit(bytes, start, end, why, out)
    }
    this.timeMs = syslog.timeMs
    out.copy(MESSAGE, 0, MESSAGE.length)
    out.string(bytes, syslog.message.start, syslog.message.end)
    if (syslog.priority >= 0) {
      const members = PRIORITIES[syslog.priority]
      out.copy(members, 0, members.length)
    }
    for (const [name, key] of PARTS) {
      const part = syslog[name]
      if (part.start === part.end) continue
      out.copy(key, 0, key.length)
      out.string(bytes, part.start, part.end)
    }
    if (syslog.structuredData.end > syslog.structuredData.start)
      writeStructuredData(bytes, syslog.structuredData, out)
    out.byte(0x7d)
    return false
  }
}

function writeStructuredData(bytes: Buffer, { start, end }: Part, out: ByteWriter): void {
  out.copy(STRUCTURED_DATA, 0, STRUCTURED_DATA.length)
  writeObject(readStructuredData(bytes, start, end), out, element =>
    writeObject(element, out, values => {
      if (values.length === 1) return out.text(values[0], 'latin1')
      values.forEach((value, index) => {
        out.byte(index === 0 ? 0x5b : COMMA)
        out.text(value, 'latin1')
      })
      out.byte(0x5d)
    }),
  )
}

function writeObject<V>(
  members: ReadonlyMap<string, V>,
  out: ByteWriter,
  writeValue: (value: V) => void,
): void {
  let before = OPEN_BRACE
  for (const [name, value] of members) {
    out.byte(before)
    out.text(name, 'latin1')
    out.byte(COLON)
    writeValue(value)
    before = COMMA
  }
  if (before === OPEN_BRACE) out.byte(OPEN_BRACE)
  out.byte(0x7d)
}

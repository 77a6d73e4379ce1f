import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import type { Zone } from '../../../wire/time/civil.ts'
import { parseIso8601 } from '../../../wire/time/iso8601.ts'
import { compileStrptime, type ParseTime } from '../../../wire/time/strptime.ts'
import { type Encoding, isLossy } from '../exact-text.ts'
import { type FieldType, FieldWriter, fieldOf } from './field-writer.ts'
import type { Format, OnMisfit } from './format.ts'
import { writeMisfit } from './raw.ts'

/** Fields that are counts or seconds; the others of the `# name: value` lines are text. */
const NUMBERS =
  /^(?:query_time|lock_time|rows_\w+|bytes_\w+|thread_id|connection_id|killed|errno|read_\w+|sort_\w+|created_tmp_\w+|last_errno)$/

/**
 * One entry of the slow query log of MySQL or MariaDB, all lines of it together (a multiline rule joins them): the `#`
 * lines become fields in lower case, `use` the `database`, `SET timestamp` the time where no `# Time` is, the rest `query`.
 */
export class MysqlSlowFormat implements Format {
  timeMs = Number.NaN
  readonly readsWhole = true
  readonly #onMisfit: OnMisfit
  readonly #parseTime: ParseTime
  readonly #writer = new FieldWriter()
  readonly #fields = new Map<string, string>()

  constructor(zone: Zone, onMisfit: OnMisfit) {
    const old = compileStrptime('%y%m%d %H:%M:%S', zone)
    if (typeof old !== 'function') throw new Error('the old time form of MySQL')
    this.#parseTime = (bytes, start, end, nowMs) => {
      const timeMs = parseIso8601(bytes, start, end, zone)
      return Number.isNaN(timeMs) ? old(bytes, start, end, nowMs) : timeMs
    }
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
    let encoding: Encoding = 'utf8'
    let text = bytes.toString('utf8', start, end)
    if (isLossy(text, bytes, start, end)) {
      encoding = 'latin1'
      text = bytes.toString('latin1', start, end)
    }
    const query = this.#readHead(text, nowMs)
    if (!this.#fields.has('query_time')) {
      this.timeMs = Number.NaN
      this.#onMisfit()
      return writeMisfit(
        bytes,
        start,
        end,
        'not an entry of the slow query log: expected "# Query_time:"',
        out,
      )
    }
    this.#writer.begin()
    for (const [name, value] of this.#fields) {
      this.#writer.writeText(fieldOf(name, typeOf(name, value)), value, encoding, out)
    }
    this.#writer.writeText(fieldOf('query'), query, encoding, out)
    this.#writer.end(out)
    return false
  }

  /** Takes the `#` lines, `use` and `SET timestamp`; what is left is the query. */
  #readHead(text: string, nowMs: number): string {
    this.timeMs = Number.NaN
    const fields = this.#fields
    fields.clear()
    let at = 0
    while (at < text.length) {
      const lineEnd = text.indexOf('\n', at)
      const line = text.slice(at, lineEnd < 0 ? text.length : lineEnd).trim()
      const isHead = line.startsWith('#')
      if (isHead) this.#readHash(line, nowMs)
      else if (/^use [^;]{1,256};$/i.test(line)) fields.set('database', line.slice(4, -1).replaceAll('`', ''))
      else if (/^SET timestamp=\d{1,12}(?:\.\d{1,6})?;$/i.test(line)) {
        if (Number.isNaN(this.timeMs)) this.timeMs = Number(line.slice(14, -1)) * 1000
      } else if (line !== '') break
      at = lineEnd < 0 ? text.length : lineEnd + 1
    }
    return text.slice(at).trim()
  }

  #readHash(line: string, nowMs: number): void {
    const fields = this.#fields
    const time = /^# Time: {1,4}(\S.*)$/.exec(line)
    if (time !== null) {
      const bytes = Buffer.from(time[1])
      this.timeMs = this.#parseTime(bytes, 0, bytes.length, nowMs)
      fields.set('time', time[1])
      return
    }
    const user = /^# User@Host: ([^[]*)\[([^\]]*)\] @ ([^[]*)\[([^\]]*)\](.*)$/.exec(line)
    if (user !== null) {
      fields.set('user', user[2] || user[1])
      const host = user[3].trim()
      if (host !== '') fields.set('client_host', host)
      if (user[4] !== '') fields.set('client', user[4])
      const id = /\bId: {1,8}(\d+)/.exec(user[5])
      if (id !== null) fields.set('connection_id', id[1])
      return
    }
    for (const [, name, value] of line.matchAll(/(?<=[# ])([A-Za-z_][\w]{0,63}): (?: *)([^ ]+)/g)) {
      fields.set(name.toLowerCase(), value)
    }
  }
}

function typeOf(name: string, value: string): FieldType {
  if (!NUMBERS.test(name)) return 'string'
  return value.includes('.') ? 'float' : 'integer'
}

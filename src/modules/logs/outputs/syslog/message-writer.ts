import { isUtf8 } from 'node:buffer'
import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { FACILITIES, SEVERITIES } from '../../../../wire/syslog/message.ts'
import { compileStrftime } from '../../../../wire/time/strftime.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, type RecordView, type Template } from '../../template/template.ts'
import { facilityOf, severityOf } from '../severity.ts'
import type { SyslogConfig } from './config.ts'

const NIL = '-'

/** Writes records as syslog messages: RFC 5424 section 6, or RFC 3164 section 4.1. */
export class MessageWriter {
  /** Messages whose bytes had to be replaced because they are not UTF-8. */
  replaced = 0
  readonly #config: SyslogConfig
  readonly #message: Template
  readonly #hostname: Template
  readonly #appName: Template
  readonly #procId: Template
  readonly #msgId: Template
  readonly #facility: { readonly path: KeyPath; readonly otherwise: number }
  readonly #severity: { readonly path: KeyPath; readonly otherwise: number }
  readonly #elements: readonly { readonly id: string; readonly path: KeyPath }[]
  readonly #time: (timeMs: number) => string

  constructor(config: SyslogConfig, hostname: string) {
    const template = (text: string) => compileTemplate(text, { hostname })
    this.#config = config
    this.#message = template(config.message)
    this.#hostname = template(config.hostname)
    this.#appName = template(config.appName)
    this.#procId = template(config.procId)
    this.#msgId = template(config.msgId)
    this.#facility = {
      path: keyPathOf(fieldPath(config.facilityField)),
      otherwise: FACILITIES.indexOf(config.facility),
    }
    this.#severity = {
      path: keyPathOf(fieldPath(config.severityField)),
      otherwise: SEVERITIES.indexOf(config.severity),
    }
    this.#elements = config.structuredData.map(field => {
      const path = fieldPath(field)
      return { id: sdName(path[path.length - 1]), path: keyPathOf(path) }
    })
    const form = compileStrftime(config.format === 'rfc5424' ? '%Y-%m-%dT%H:%M:%S.%6NZ' : '%b %e %H:%M:%S')
    if (typeof form !== 'function') throw new Error('the form of the time does not compile')
    this.#time = form
  }

  write(view: RecordView): Buffer {
    const facility = facilityOf(view.text(this.#facility.path) ?? '') ?? this.#facility.otherwise
    const severity = severityOf(view.text(this.#severity.path) ?? '') ?? this.#severity.otherwise
    const head =
      this.#config.format === 'rfc5424'
        ? this.#head5424(view, facility * 8 + severity)
        : this.#head3164(view, facility * 8 + severity)
    const text = Buffer.concat([Buffer.from(head), this.#textOf(view)])
    return text.length <= this.#config.maxMessageBytes ? text : cut(text, this.#config.maxMessageBytes)
  }

  #head5424(view: RecordView, priority: number): string {
    const hostname = name(this.#hostname.render(view), 255)
    const appName = name(this.#appName.render(view), 48)
    const procId = name(this.#procId.render(view), 128)
    const msgId = name(this.#msgId.render(view), 32)
    const time = this.#time(view.timeMs)
    return `<${priority}>1 ${time} ${hostname} ${appName} ${procId} ${msgId} ${this.#structuredData(view)} `
  }

  #head3164(view: RecordView, priority: number): string {
    const hostname = name(this.#hostname.render(view), 255)
    // The tag ends at the first character that is no letter or digit, in the eyes of strict receivers.
    const tag = name(this.#appName.render(view), 32).replaceAll(/[[\]:]/g, '_')
    const procId = this.#procId.render(view)
    const process = procId === undefined ? '' : `[${name(procId, 32)}]`
    return `<${priority}>${this.#time(view.timeMs)} ${hostname} ${tag}${process}: `
  }

  #structuredData(view: RecordView): string {
    let text = ''
    for (const { id, path } of this.#elements) {
      const value = view.find(path)
      if (value === undefined || value.kind !== Kind.object) continue
      text += `[${id}${parameters(Buffer.from(value.bytes.subarray(value.start, value.end)))}]`
    }
    return text === '' ? NIL : text
  }

  #textOf(view: RecordView): Buffer {
    const text = this.#message.render(view)
    if (text !== undefined) return Buffer.from(text)
    const record = view.bytes.subarray(view.start, view.end)
    if (isUtf8(record)) return record
    this.replaced++
    return Buffer.from(record.toString())
  }
}

/** Printable ASCII without blanks, as RFC 5424 section 6 asks of names in the head. */
function name(text: string | undefined, maxLength: number): string {
  if (text === undefined) return NIL
  const printable = text.replace(/[^\x21-\x7e]/g, '_').slice(0, maxLength)
  return printable === '' ? NIL : printable
}

/** An SD-NAME: at most 32 characters, without `=`, `]` and quotes. */
function sdName(text: string): string {
  return name(text.replace(/[="\]]/g, '_'), 32)
}

function parameters(object: Buffer): string {
  const record = new JsonRecord()
  if (!record.open(object, 0, object.length)) return ''
  const value = new ValueSpan()
  let text = ''
  for (let member = 0; member < record.count; member++) {
    const key = sdName(record.nameAt(member) ?? '')
    const escaped = record
      .valueAt(member, value)
      .asText()
      .replace(/["\\\]]/g, '\\$&')
    text += ` ${key}="${escaped}"`
  }
  return text
}

/** Not in the middle of a character. */
function cut(text: Buffer, maxBytes: number): Buffer {
  let end = maxBytes
  while (end > 0 && (text[end] & 0xc0) === 0x80) end--
  return text.subarray(0, end)
}

import { Redaction } from '../redaction.ts'
import type { AccessLogConfig } from './config.ts'
import { jsonText, plainText } from './escape.ts'
import { fieldValue, identityOf, pathOf, protocolOf } from './facts.ts'
import { jsonLines, type LineFormat } from './json-line.ts'
import { type Piece, parseTemplate } from './template.ts'
import { timeFormat } from './time-format.ts'

/** Envoy's default line. */
export const ENVOY =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'

/** How the lines of a checked configuration look. */
export function lineFormat(config: AccessLogConfig): LineFormat {
  const redaction = new Redaction(config.redact.headers, config.redact.parameters)
  switch (config.format) {
    case 'json':
      return config.fields === undefined ? jsonLines(redaction) : fieldLines(config.fields, redaction)
    case 'common':
      return apacheLines(redaction, false)
    case 'combined':
      return apacheLines(redaction, true)
    case 'envoy':
      return templateLines(ENVOY, redaction)
    case 'template':
      return templateLines(config.template!, redaction)
  }
}

/** What is not known is `-`, as Envoy writes it. */
function templateLines(template: string, redaction: Redaction): LineFormat {
  const pieces = piecesOf(template, redaction)
  return (observed, how) => {
    let line = ''
    for (const piece of pieces)
      if (typeof piece === 'string') line += piece
      else {
        const value = piece.value(observed, how)
        if (typeof value === 'number') line += value
        else if (value === undefined || value === '') line += '-'
        else line += plainText(value.length > piece.maxLength ? value.slice(0, piece.maxLength) : value)
      }
    return `${line}\n`
  }
}

/** A field that is one operator keeps its type; what is not known is null. */
function fieldLines(fields: Readonly<Record<string, string>>, redaction: Redaction): LineFormat {
  const parts = Object.entries(fields).map(([name, template]) => ({
    key: JSON.stringify(name),
    pieces: piecesOf(template, redaction),
  }))
  return (observed, how) => {
    let line = '{'
    for (const { key, pieces } of parts) {
      const [only] = pieces
      line += `${line === '{' ? '' : ','}${key}:`
      if (pieces.length === 1 && typeof only === 'object') {
        const value = only.value(observed, how)
        if (typeof value === 'number') line += value
        else line += value === undefined ? 'null' : jsonText(value.slice(0, only.maxLength))
        continue
      }
      let text = ''
      for (const piece of pieces)
        text +=
          typeof piece === 'string'
            ? Buffer.from(piece).toString('latin1')
            : String(piece.value(observed, how) ?? '-').slice(0, piece.maxLength)
      line += jsonText(text)
    }
    return `${line}}\n`
  }
}

function piecesOf(template: string, redaction: Redaction): readonly Piece[] {
  const parsed = parseTemplate(template, redaction)
  if ('problem' in parsed) throw new TypeError(parsed.problem.message)
  return parsed.pieces
}

/** Apache's common log format; combined adds Referer and User-Agent. The user is the identity that the client has proved. */
function apacheLines(redaction: Redaction, combined: boolean): LineFormat {
  const time = timeFormat('%d/%b/%Y:%H:%M:%S %z') as { write: (ms: number) => string }
  return (observed, how) => {
    const { method, client, startedAtMs } = observed
    const user = plainText(identityOf(observed, how) ?? '-')
    const target = plainText(pathOf(observed, how, redaction) ?? '-')
    let line = `${plainText(client)} - ${user} [${time.write(startedAtMs)}]`
    line += ` "${plainText(method ?? '-')} ${target} ${protocolOf(observed)}"`
    line += ` ${how.status} ${how.bytesSent === 0 ? '-' : how.bytesSent}`
    if (combined)
      for (const name of ['referer', 'user-agent'])
        line += ` "${plainText(fieldValue(observed.request?.headers, name, redaction) ?? '-')}"`
    return `${line}\n`
  }
}

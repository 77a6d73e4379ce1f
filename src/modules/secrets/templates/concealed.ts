import type { Value } from '../../../wire/gotemplate/value.ts'
import { JsonNumber } from '../../../wire/json/lossless.ts'

/** Such a value is hidden only where it stands as a word: "1" and "ab" are parts of much. */
const isShort = (value: string) => value.length < 4 || /^\d{1,7}$/.test(value)

/** What is looked for at most; messages are made seldom, and secrets are few. */
const MAX_VALUES = 2000

/** Before it, templates say where they failed, in their own words; what follows may be made of values. */
const FROM = ': error calling '

/**
 * A message without the values of secrets, as they are or as JSON, base64 or a part of a URL would show them: a template may
 * fail with words of its own, and put a password into them.
 */
export function concealed(message: string, secrets: Iterable<Value>): string {
  const values = new Set<string>()
  for (const secret of secrets) collect(secret, values)
  const forms = [...values].flatMap(formsOf).sort((a, b) => b.length - a.length)
  const at = Math.max(message.indexOf(FROM), 0)
  let text = message.slice(at)
  for (const form of forms) {
    if (!text.includes(form)) continue
    text = isShort(form)
      ? text.replace(new RegExp(`(?<![\\w-])${RegExp.escape(form)}(?![\\w-])`, 'g'), '[redacted]')
      : text.replaceAll(form, '[redacted]')
  }
  return message.slice(0, at) + text
}

function collect(value: Value, into: Set<string>): void {
  if (into.size >= MAX_VALUES) return
  if (typeof value === 'string') value !== '' && into.add(value)
  else if (value instanceof JsonNumber) into.add(value.text)
  else if (value instanceof Uint8Array) into.add(Buffer.from(value).toString('latin1'))
  else if (Array.isArray(value)) for (const each of value) collect(each, into)
  else if (value instanceof Map) for (const each of value.values()) collect(each, into)
}

function formsOf(value: string): string[] {
  const bytes = Buffer.from(value)
  const lines = value.includes('\n') ? value.split('\n').filter(line => !isShort(line)) : []
  return [
    ...new Set([
      value,
      ...lines,
      JSON.stringify(value).slice(1, -1),
      ...(isShort(value)
        ? []
        : [
            bytes.toString('base64'),
            bytes.toString('base64url'),
            bytes.toString('hex'),
            encodeURIComponent(value.toWellFormed()),
          ]),
    ]),
  ]
}

/** A line that is no assignment; the message names the line and quotes nothing of it. */
export class DotenvError extends Error {
  override readonly name = 'DotenvError'
}

const NAME = /^(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*=[ \t]*/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * The variables of a `.env` file in their order: `NAME=value` a line, comments behind `#`, values in quotes over several
 * lines. In double quotes \n, \r, \t, \" and \\ are read; nothing is expanded. Throws a DotenvError.
 */
export function parseDotenv(text: string): Map<string, string> {
  const variables = new Map<string, string>()
  let place = text.startsWith('\ufeff') ? 1 : 0
  let line = 1
  while (place < text.length) {
    const end = endOfLine(text, place)
    const rest = text.slice(place, end)
    if (/^\s*(?:#|$)/.test(rest)) {
      place = end + 1
      line++
      continue
    }
    const start = place + (rest.length - rest.trimStart().length)
    const name = NAME.exec(text.slice(start, end))
    if (name === null) throw new DotenvError(`line ${line}: expected NAME=value`)
    const read = readValue(text, start + name[0].length, line)
    variables.set(name[1]!, read.value)
    line += text.slice(place, read.end).split('\n').length
    place = read.end + 1
  }
  return variables
}

function readValue(
  text: string,
  start: number,
  line: number,
): { readonly value: string; readonly end: number } {
  const quote = text[start]
  if (quote !== '"' && quote !== "'") {
    const end = endOfLine(text, start)
    return {
      value: text
        .slice(start, end)
        .replace(/(?:^|\s+)#.*$/, '')
        .trim(),
      end,
    }
  }
  let value = ''
  for (let place = start + 1; place < text.length; place++) {
    const char = text[place]!
    if (char === quote) {
      const end = endOfLine(text, place)
      if (!/^\s*(?:#.*)?$/.test(text.slice(place + 1, end)))
        throw new DotenvError(`line ${line}: expected nothing behind the closing quote`)
      return { value, end }
    }
    if (char === '\\' && quote === '"' && place + 1 < text.length) {
      const next = text[++place]!
      value += ESCAPES[next] ?? (next === '"' || next === '\\' ? next : `\\${next}`)
    } else value += char
  }
  throw new DotenvError(`line ${line}: the closing quote is missing`)
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end < 0 ? text.length : end
}

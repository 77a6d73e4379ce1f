const LETTERS: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
}

/**
 * Undoes backslash escapes: `\n`, `\t`, `\"`, `\\`, octal and hexadecimal ones; with `unicode` also `\uXXXX`, which
 * becomes UTF-8. Texts have one character a byte. A backslash before anything else is text.
 */
export function unescaped(text: string, unicode: boolean): string {
  if (!text.includes('\\')) return text
  return text.replace(
    /\\(?:u([\dA-Fa-f]{4})(?:\\u(?=[dD][c-fC-F])([\dA-Fa-f]{4}))?|x([\dA-Fa-f]{1,2})|([0-7]{1,3})|(.))/gs,
    (whole, high?: string, low?: string, hex?: string, octal?: string, letter?: string) => {
      if (high !== undefined) return unicode ? utf8Of(high, low) : whole
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16))
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff)
      if (letter === undefined) return whole
      if (/["'\\/]/.test(letter)) return letter
      return LETTERS[letter] ?? whole
    },
  )
}

function utf8Of(high: string, low: string | undefined): string {
  const units = [high, ...(low === undefined ? [] : [low])].map(unit => Number.parseInt(unit, 16))
  return Buffer.from(String.fromCharCode(...units)).toString('latin1')
}

/** Undoes what MySQL's QUOTE and mysqldump do: the text between single or double quotes; undefined when it has none. */
export function unquotedMysql(text: string): string | undefined {
  const quote = text[0]
  if ((quote !== "'" && quote !== '"') || text.length < 2 || text[text.length - 1] !== quote) return undefined
  return text.slice(1, -1).replace(/\\(.)|''|""/gs, (whole, letter?: string) => {
    if (letter === undefined) return whole[0] === quote ? quote : whole
    if (letter === '0') return '\0'
    if (letter === 'Z') return '\x1a'
    if (letter === '%' || letter === '_') return whole
    return 'nrtb'.includes(letter) ? LETTERS[letter] : letter
  })
}

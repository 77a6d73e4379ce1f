const LINE = /^([^=]+)="(.*)"$/
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))/gs
const LETTERS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

/**
 * Labels or annotations as a downward API volume has them: a line each, `name="value"`, the value quoted by Go's rules.
 * Lines that are none are left out. https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
 */
export function downwardMap(text: string): Record<string, string> {
  const entries = text.split('\n').flatMap(line => {
    const [, name, value] = LINE.exec(line) ?? []
    return name === undefined || value === undefined ? [] : [[name, unquoted(value)] as const]
  })
  return Object.fromEntries(entries)
}

function unquoted(text: string): string {
  return text.replace(ESCAPE, (_, hex, short, long, octal, letter: string) => {
    const code = hex ?? short ?? long
    if (code !== undefined) {
      const point = Number.parseInt(code, 16)
      return point > 0x10ffff ? '\ufffd' : String.fromCodePoint(point)
    }
    return octal === undefined ? (LETTERS[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8))
  })
}

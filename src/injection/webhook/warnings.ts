import type { Finding } from '../../manifests/finding.ts'

/** An API server asks for at most so many, may cut what is longer than the second, and drops all beyond the third. */
const AIM_BYTES = 120
const MAX_BYTES = 256
const MAX_TOTAL_BYTES = 4096

/**
 * What `kubectl apply` shows of the findings: one line each, the mend with it where there is room, the gravest first.
 * What does not fit is counted.
 */
export function warningsOf(findings: readonly Finding[]): string[] {
  const told = [...findings]
    .filter(({ severity }) => severity !== 'info')
    .sort((a, b) => Number(a.severity !== 'error') - Number(b.severity !== 'error'))
  const texts = [...new Set(told.map(lineOf))]
  const room = MAX_TOTAL_BYTES - AIM_BYTES
  const lines: string[] = []
  let used = 0
  for (const [index, line] of texts.entries()) {
    const bytes = Buffer.byteLength(line)
    if (used + bytes > room) {
      lines.push(`outrigger: ${texts.length - index} more findings; outrigger lint tells them`)
      break
    }
    used += bytes
    lines.push(line)
  }
  return lines
}

function lineOf({ code, message, hint }: Finding): string {
  const short = `outrigger ${code}: ${message}`
  const long = hint === undefined ? short : `${short}; ${hint}`
  return cut(plain(Buffer.byteLength(long) <= AIM_BYTES ? long : short))
}

/** Warnings travel as a header. */
function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').toWellFormed()
}

function cut(text: string): string {
  if (Buffer.byteLength(text) <= MAX_BYTES) return text
  let kept = ''
  let bytes = 3
  for (const character of text) {
    bytes += Buffer.byteLength(character)
    if (bytes > MAX_BYTES) break
    kept += character
  }
  return `${kept}…`
}

/** Lines of context around a change. */
const CONTEXT = 3
/** Beyond so many differing lines what lies between the first and the last is shown as changed as a whole. */
const MAX_EDITS = 2000

/** One line of a comparison, with its end mark; those of kind ' ' are in both texts. */
interface Line {
  readonly kind: ' ' | '-' | '+'
  readonly text: string
}

/**
 * The difference of two texts as `diff -u` writes it, with the headers `--- before` and `+++ after`; empty when there is
 * none. `git apply` and `patch` make the second text of the first with it.
 */
export function unifiedDiff(before: string, after: string, names: { before: string; after: string }): string {
  if (before === after) return ''
  const hunks = hunksOf(compare(linesOf(before), linesOf(after)))
  return `--- ${names.before}\n+++ ${names.after}\n${hunks.join('')}`
}

/** The last one may have no end mark. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head++
  let tail = 0
  const rest = Math.min(before.length, after.length) - head
  while (tail < rest && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++
  const middle = edits(before.slice(head, before.length - tail), after.slice(head, after.length - tail))
  const kept = (text: string): Line => ({ kind: ' ', text })
  return [...before.slice(0, head).map(kept), ...middle, ...before.slice(before.length - tail).map(kept)]
}

/**
 * The fewest insertions and deletions (E. W. Myers, "An O(ND) difference algorithm", 1986): for each number of edits, how
 * far in `before` they lead on each diagonal. Diagonal d stands at index d + edits.
 */
function edits(before: readonly string[], after: readonly string[]): Line[] {
  const trace: Int32Array[] = []
  for (let count = 0; count <= Math.min(before.length + after.length, MAX_EDITS); count++) {
    const reached = new Int32Array(2 * count + 1)
    trace.push(reached)
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      let x = count === 0 ? 0 : startOn(trace[count - 1]!, count - 1, diagonal)
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x++
      reached[diagonal + count] = x
      if (x >= before.length && x - diagonal >= after.length) return walkBack(trace, before, after)
    }
  }
  return [
    ...before.map((text): Line => ({ kind: '-', text })),
    ...after.map((text): Line => ({ kind: '+', text })),
  ]
}

/** Where one more edit leads on a diagonal: an insertion from the diagonal above, or a deletion from the one below. */
function startOn(reached: Int32Array, count: number, diagonal: number): number {
  return isInserted(reached, count, diagonal)
    ? reached[diagonal + 1 + count]!
    : reached[diagonal - 1 + count]! + 1
}

function isInserted(reached: Int32Array, count: number, diagonal: number): boolean {
  if (diagonal - 1 < -count) return true
  if (diagonal + 1 > count) return false
  return reached[diagonal - 1 + count]! < reached[diagonal + 1 + count]!
}

function walkBack(trace: readonly Int32Array[], before: readonly string[], after: readonly string[]): Line[] {
  const lines: Line[] = []
  let x = before.length
  let diagonal = before.length - after.length
  for (let count = trace.length - 1; count >= 0; count--) {
    const earlier = trace[count - 1]
    const start = earlier === undefined ? 0 : startOn(earlier, count - 1, diagonal)
    while (x > start) lines.push({ kind: ' ', text: before[--x]! })
    if (earlier === undefined) break
    if (isInserted(earlier, count - 1, diagonal)) {
      lines.push({ kind: '+', text: after[x - diagonal - 1]! })
      diagonal++
    } else {
      lines.push({ kind: '-', text: before[--x]! })
      diagonal--
    }
  }
  return lines.reverse()
}

function hunksOf(lines: readonly Line[]): string[] {
  const groups: [first: number, last: number][] = []
  for (const [index, { kind }] of lines.entries()) {
    if (kind === ' ') continue
    const group = groups.at(-1)
    if (group !== undefined && index - group[1] <= 2 * CONTEXT) group[1] = index
    else groups.push([index, index])
  }
  let done = 0
  let [oldLine, newLine] = [1, 1]
  return groups.map(([first, last]) => {
    const start = Math.max(0, first - CONTEXT)
    oldLine += start - done
    newLine += start - done
    const body = lines.slice(start, last + CONTEXT + 1)
    done = start + body.length
    const oldCount = body.filter(({ kind }) => kind !== '+').length
    const newCount = body.filter(({ kind }) => kind !== '-').length
    const head = `@@ -${range(oldLine, oldCount)} +${range(newLine, newCount)} @@\n`
    oldLine += oldCount
    newLine += newCount
    return head + body.map(written).join('')
  })
}

/** A side without lines is counted from the line before. */
function range(line: number, count: number): string {
  return count === 1 ? String(line) : `${count === 0 ? line - 1 : line},${count}`
}

function written({ kind, text }: Line): string {
  return text.endsWith('\n') ? kind + text : `${kind}${text}\n\\ No newline at end of file\n`
}

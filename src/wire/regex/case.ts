import { type CodeSet, LAST_CODE, union } from './code-set.ts'

/** Code units that are the same letter under the flag i, by their upper case; made when the first letter beyond ASCII needs it. */
let families: ReadonlyMap<number, readonly number[]> | undefined

/** The set with all that its members are under the flag i (ECMA-262 Canonicalize, without u). */
export function anyCase(set: CodeSet): CodeSet {
  const more: (readonly [number, number])[] = [...set]
  for (const [first, last] of set) {
    for (let code = first; code <= Math.min(last, 0x7f); code++) {
      if (code >= 0x41 && code <= 0x5a) more.push([code + 32, code + 32])
      if (code >= 0x61 && code <= 0x7a) more.push([code - 32, code - 32])
    }
    if (last < 0x80 || last - first >= LAST_CODE - 0x100) continue
    families ??= allFamilies()
    for (let code = Math.max(first, 0x80); code <= last; code++) {
      for (const twin of families.get(upperOf(code)) ?? []) more.push([twin, twin])
    }
  }
  return union(more)
}

function allFamilies(): Map<number, number[]> {
  const all = new Map<number, number[]>()
  for (let code = 0x80; code <= LAST_CODE; code++) {
    const upper = upperOf(code)
    const family = all.get(upper)
    if (family === undefined) all.set(upper, [code])
    else family.push(code)
  }
  for (const [upper, family] of all) if (family.length === 1 && family[0] === upper) all.delete(upper)
  return all
}

/** A letter whose upper case is longer, or is ASCII although it is not, stays itself. */
function upperOf(code: number): number {
  const upper = String.fromCharCode(code).toUpperCase()
  const first = upper.charCodeAt(0)
  return upper.length !== 1 || (code >= 0x80 && first < 0x80) ? code : first
}

import { type CodeSet, EVERY_CODE, intersection, LINE_ENDS, union } from './code-set.ts'
import type { Regex } from './syntax.ts'

/**
 * How the time of a backtracking matcher grows with the text, at worst: 1 = as its length, 2 = as its square, and so
 * on; Infinity when it may be exponential, or nothing can be said. Never too low, often too high.
 *
 * A loop costs one more degree than what follows it when what follows may begin with what the loop takes: then each of its
 * ends is tried in full. A loop whose body is more than a character must be one that can be taken apart in one way only.
 */
export function timeDegree(regex: Regex): number {
  const analysis = new Analysis()
  const { degree, paths, success } = analysis.before(regex, ACCEPTS)
  if (analysis.steps > MAX_STEPS || paths > MAX_PATHS) return Number.POSITIVE_INFINITY
  return Math.max(isAnchored(regex) ? Math.max(1, degree) : degree + 1, success)
}

/** So many ways through what repeats with a bound are still a constant. */
const MAX_PATHS = 16
/** Repetitions up to this are looked at one by one. */
const MAX_UNROLLED = 64
/** Up to so many of one set are a constant; where they may end in many places, no second run may. */
const MAX_RUN = 256
const RUN_PATHS = 8
/** The matcher's steps at one place of the text are about as many as ours: a larger pattern is no constant any more. */
const MAX_STEPS = 4000

/** What is known of everything from one place of the pattern to its end. */
interface Rest {
  /** The characters before which it does not fail at once. */
  readonly next: CodeSet
  /** Whether it matches in any case, so that nothing is tried after it: it never fails, and fails in degree 0. */
  readonly sure: boolean
  /** The degree of the time until it has failed, which is paid at each place where it is tried. */
  readonly degree: number
  /** The degree of the time until it has matched, which is paid once. */
  readonly success: number
  /** The degree of finding out that it fails at its first character. */
  readonly entry: number
  /** How many ways there may be through it beside those that the degree counts. */
  readonly paths: number
}

const ACCEPTS: Rest = { next: EVERY_CODE, sure: true, degree: 0, success: 0, entry: 0, paths: 1 }

class Analysis {
  steps = 0

  /** What is known of `regex` with `rest` behind it. */
  before(regex: Regex, rest: Rest): Rest {
    if (++this.steps > MAX_STEPS) return { ...rest, degree: Number.POSITIVE_INFINITY }
    switch (regex.kind) {
      case 'empty':
        return rest
      case 'set':
        return { ...rest, next: regex.set, sure: false, entry: 0 }
      case 'sequence':
        return regex.items.reduceRight((behind, item) => this.before(item, behind), rest)
      case 'choice':
        return regex.items.map(item => this.before(item, rest)).reduce(either)
      case 'capture':
        return this.before(regex.item, rest)
      case 'place':
        return { ...rest, sure: false, next: nextAt(regex.place, rest.next) }
      case 'look':
        return this.#look(regex.item, regex.behind, rest)
      case 'reference':
        return { ...rest, next: EVERY_CODE, sure: false, degree: Number.POSITIVE_INFINITY }
      case 'repeat':
        return this.#repeat(regex.item, regex.min, regex.max, rest)
    }
  }

  #look(item: Regex, behind: boolean, rest: Rest): Rest {
    const inside = this.before(item, ACCEPTS)
    // Inside of a look-behind the matcher goes the other way, and then something else follows a loop.
    const cost = Math.max(inside.degree, inside.success)
    const degree = behind && cost > 0 ? Number.POSITIVE_INFINITY : cost
    return {
      next: rest.next,
      sure: false,
      success: Math.max(rest.success, degree),
      degree: Math.max(rest.degree, degree),
      entry: Math.max(rest.entry, degree),
      paths: rest.paths + inside.paths - 1,
    }
  }

  #repeat(item: Regex, min: number, max: number, rest: Rest): Rest {
    const body = bodyOf(item)
    if (body.kind === 'set' && max <= MAX_RUN) {
      const endsOnce = rest.sure || disjoint(body.set, rest.next)
      if (endsOnce || (rest.degree === 0 && max > MAX_PATHS)) {
        const next = min === 0 ? union([...body.set, ...rest.next]) : body.set
        const paths = endsOnce ? rest.paths : rest.paths * RUN_PATHS
        return { ...rest, next, sure: min === 0 && rest.sure, entry: min === 0 ? rest.entry : 0, paths }
      }
    }
    if (min > MAX_UNROLLED || (max !== Number.POSITIVE_INFINITY && max > MAX_UNROLLED)) {
      return this.#loop(item, rest)
    }
    let behind = rest
    if (max === Number.POSITIVE_INFINITY) behind = this.#loop(item, rest)
    else for (let i = min; i < max; i++) behind = either(this.before(item, behind), rest)
    for (let i = 0; i < min; i++) behind = this.before(item, behind)
    return behind
  }

  #loop(item: Regex, rest: Rest): Rest {
    const body = bodyOf(item)
    const first = this.before(body, { ...ACCEPTS, next: [], sure: false })
    const next = union([...first.next, ...rest.next])
    const leavesOneWay = disjoint(first.next, rest.next)
    const degree = leavesOneWay
      ? Math.max(1 + rest.entry, rest.degree)
      : 1 + Math.max(rest.entry, rest.degree)
    const looped: Rest = {
      next,
      sure: rest.sure,
      degree: rest.sure ? 0 : degree,
      success: Math.max(1, rest.success),
      entry: rest.entry,
      paths: rest.paths,
    }
    if (body.kind === 'set') return looped
    const unknown = { ...looped, degree: Number.POSITIVE_INFINITY, success: Number.POSITIVE_INFINITY }
    if (canBeEmpty(body)) return unknown
    // Another round is one degree: a loop inside that could leave its characters to it comes to more.
    const inside = this.before(body, { ...looped, degree: rest.sure ? 0 : 1, success: 1, entry: 0, paths: 1 })
    const takenApartOneWay = inside.degree <= 1 && inside.entry === 0 && inside.paths === 1 && !hasLook(body)
    return takenApartOneWay ? looped : unknown
  }
}

/** One after the other: both are tried where both may begin with the same character. */
function either(one: Rest, other: Rest): Rest {
  const next = union([...one.next, ...other.next])
  const success = Math.max(one.success, other.success)
  if (one.sure || other.sure) {
    const before = Math.max(success, one.degree, other.degree)
    const paths = one.sure ? one.paths : other.sure ? Math.max(one.paths, other.paths) : 1
    return { next, sure: true, degree: 0, success: before, entry: 0, paths }
  }
  const apart = disjoint(one.next, other.next)
  return {
    next,
    sure: false,
    success,
    degree: Math.max(one.degree, other.degree),
    entry: Math.max(one.entry, other.entry),
    paths: apart ? Math.max(one.paths, other.paths) : one.paths + other.paths,
  }
}

/** The characters that may come behind a place. */
function nextAt(place: Extract<Regex, { kind: 'place' }>['place'], next: CodeSet): CodeSet {
  if (place === 'end') return []
  return place === 'lineEnd' ? intersection(next, LINE_ENDS) : next
}

function disjoint(one: CodeSet, other: CodeSet): boolean {
  return one.length === 0 || other.length === 0 || intersection(one, other).length === 0
}

function bodyOf(regex: Regex): Regex {
  return regex.kind === 'capture' ? bodyOf(regex.item) : regex
}

function canBeEmpty(regex: Regex): boolean {
  switch (regex.kind) {
    case 'set':
      return false
    case 'sequence':
      return regex.items.every(canBeEmpty)
    case 'choice':
      return regex.items.some(canBeEmpty)
    case 'capture':
      return canBeEmpty(regex.item)
    case 'repeat':
      return regex.min === 0 || canBeEmpty(regex.item)
    default:
      return true
  }
}

function hasLook(regex: Regex): boolean {
  switch (regex.kind) {
    case 'look':
      return true
    case 'sequence':
    case 'choice':
      return regex.items.some(hasLook)
    case 'capture':
    case 'repeat':
      return hasLook(regex.item)
    default:
      return false
  }
}

/** Whether it can match at the start of the text only. */
function isAnchored(regex: Regex): boolean {
  switch (regex.kind) {
    case 'place':
      return regex.place === 'start'
    case 'sequence':
      return regex.items.length > 0 && isAnchored(regex.items[0])
    case 'choice':
      return regex.items.every(isAnchored)
    case 'capture':
      return isAnchored(regex.item)
    default:
      return false
  }
}

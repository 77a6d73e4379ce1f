import { comparePrereleases, compareVersions, readVersion, type Version } from './semver.ts'

/** One comparison. What is left out of its version, or is x, is open. */
interface Comparison {
  readonly operator: string
  readonly version: Version
  readonly open: 'nothing' | 'all' | 'minor' | 'patch'
}

const PART = '[0-9xX*]+'
const LABELS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const OPERATOR = '!=|>=|=>|<=|=<|~>|[=<>~^]|'
const PATTERN = `v?${PART}(?:\\.${PART})?(?:\\.${PART})?(?:-${LABELS})?(?:\\+${LABELS})?`
const RANGE = new RegExp(`\\s*(${PATTERN})\\s+-\\s+(${PATTERN})\\s*`, 'g')
const COMPARISON = new RegExp(`(${OPERATOR})\\s*(${PATTERN})`, 'g')
const VALID = new RegExp(
  `^\\s*(?:${OPERATOR})\\s*${PATTERN}\\s*(?:(?:\\s|,)\\s*(?:${OPERATOR})\\s*${PATTERN}\\s*)*$`,
)
const PIECES = new RegExp(`^v?(${PART})(?:\\.(${PART}))?(?:\\.(${PART}))?((?:-${LABELS})?)(?:\\+${LABELS})?$`)
/** A constraint is a line in a template. */
const MAX_LENGTH = 512

/** Such as `>= 1.2, < 3 || ^4.1`: comparisons that all hold, or other ones. Throws when it is no constraint. */
export function matchesConstraint(constraint: string, version: Version): boolean {
  if (constraint.length > MAX_LENGTH) throw new Error(`a constraint is longer than ${MAX_LENGTH} characters`)
  const alternatives = constraint
    .replaceAll(RANGE, (_, from, to) => `>= ${from}, <= ${to} `)
    .split('||')
    .map(readComparisons)
  return alternatives.some(all => all.every(each => holds(each, version)))
}

function readComparisons(text: string): Comparison[] {
  if (!VALID.test(text)) throw new Error(`improper constraint: ${text}`)
  return Array.from(text.matchAll(COMPARISON), ([, operator, pattern]) => readComparison(operator!, pattern!))
}

function readComparison(operator: string, pattern: string): Comparison {
  const [, major, minor, patch, prerelease] = PIECES.exec(pattern)!
  const isOpen = (part: string | undefined) => part === undefined || /^[xX*]$/.test(part)
  const made = (text: string) => {
    try {
      return readVersion(text + prerelease!)
    } catch {
      throw new Error('constraint Parser Error')
    }
  }
  if (isOpen(major)) return { operator, version: made('0.0.0'), open: 'all' }
  if (isOpen(minor)) return { operator, version: made(`${major}.0.0`), open: 'minor' }
  if (isOpen(patch)) return { operator, version: made(`${major}.${minor}.0`), open: 'patch' }
  return { operator, version: made(`${major}.${minor}.${patch}`), open: 'nothing' }
}

function holds(comparison: Comparison, version: Version): boolean {
  const { operator, version: limit, open } = comparison
  const order = compareVersions(version, limit)
  // A version before its release is only meant where the constraint names one.
  if (version.prerelease !== '' && limit.prerelease === '') return false
  switch (operator) {
    case '!=':
      return differs(comparison, version)
    case '>':
      return isAbove(comparison, version)
    case '<':
      return order < 0
    case '>=':
    case '=>':
      return order >= 0
    case '<=':
    case '=<':
      if (open === 'nothing') return order <= 0
      if (version.major !== limit.major) return version.major < limit.major
      return version.minor <= limit.minor || open === 'minor'
    case '^':
      return order >= 0 && isCompatible(comparison, version)
    case '~':
    case '~>':
      return isNear(comparison, version)
    default:
      return open === 'nothing' ? order === 0 : isNear(comparison, version)
  }
}

function differs({ version: limit, open }: Comparison, version: Version): boolean {
  if (version.major !== limit.major) return true
  if (open === 'minor') return false
  if (version.minor !== limit.minor) return true
  if (open === 'patch') return comparePrereleases(version.prerelease, limit.prerelease) !== 0
  return compareVersions(version, limit) !== 0
}

function isAbove({ version: limit, open }: Comparison, version: Version): boolean {
  if (open === 'nothing') return compareVersions(version, limit) > 0
  if (version.major !== limit.major) return version.major > limit.major
  if (open === 'minor') return false
  if (open === 'patch') return version.minor > limit.minor
  return compareVersions(version, limit) > 0
}

/** `~1.2.3`: the last number may grow. */
function isNear({ version: limit, open }: Comparison, version: Version): boolean {
  if (compareVersions(version, limit) < 0) return false
  const isZero = limit.major === 0n && limit.minor === 0n && limit.patch === 0n
  if (isZero && (open === 'all' || open === 'nothing')) return true
  return version.major === limit.major && (version.minor === limit.minor || open === 'minor')
}

/** `^1.2.3`: all may grow behind the first number that is not zero. */
function isCompatible({ version: limit, open }: Comparison, version: Version): boolean {
  if (limit.major > 0n || open === 'minor') return version.major === limit.major
  if (version.major > 0n) return false
  if (limit.minor > 0n || open === 'patch') return version.minor === limit.minor
  return version.minor === 0n && version.patch === limit.patch
}

/** A semantic version as semver.org has it; parts that are left out are zero. */
export interface Version {
  readonly major: bigint
  readonly minor: bigint
  readonly patch: bigint
  readonly prerelease: string
  readonly metadata: string
  readonly original: string
}

const LABELS = '[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*'
const VERSION = new RegExp(`^v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(?:-(${LABELS}))?(?:\\+(${LABELS}))?$`)

/** Throws when a text is no version. */
export function readVersion(text: string): Version {
  const [, major, minor = '0', patch = '0', prerelease = '', metadata = ''] = VERSION.exec(text) ?? []
  if (major === undefined) throw new Error('Invalid Semantic Version')
  if (prerelease.split('.').some(part => /^0\d+$/.test(part)))
    throw new Error('Version segment starts with 0')
  const numbers = [major, minor, patch].map(BigInt)
  if (numbers.some(each => each > 2n ** 64n - 1n)) throw new Error('a number of a version is out of range')
  const [a, b, c] = numbers
  return { major: a!, minor: b!, patch: c!, prerelease, metadata, original: text }
}

export function versionText({ major, minor, patch, prerelease, metadata }: Version): string {
  return `${major}.${minor}.${patch}${prerelease && `-${prerelease}`}${metadata && `+${metadata}`}`
}

/** -1, 0 or 1. Metadata do not count. */
export function compareVersions(left: Version, right: Version): number {
  for (const part of ['major', 'minor', 'patch'] as const)
    if (left[part] !== right[part]) return left[part] < right[part] ? -1 : 1
  return comparePrereleases(left.prerelease, right.prerelease)
}

/** A version before its release is less than the release. */
export function comparePrereleases(left: string, right: string): number {
  if (left === right) return 0
  if (left === '') return 1
  if (right === '') return -1
  const [ours, theirs] = [left.split('.'), right.split('.')]
  for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
    const order = compareLabels(ours[at], theirs[at])
    if (order !== 0) return order
  }
  return 0
}

function compareLabels(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0
  if (left === undefined) return -1
  if (right === undefined) return 1
  const [isNumber, isOtherNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)]
  if (isNumber && isOtherNumber) return BigInt(left) < BigInt(right) ? -1 : 1
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1
  return left < right ? -1 : 1
}

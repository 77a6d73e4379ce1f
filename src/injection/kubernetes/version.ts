/** Of a cluster: what `kubectl version` says of its API server. */
export interface KubernetesVersion {
  readonly major: number
  readonly minor: number
}

/** Where the field restartPolicy of init containers is on by default (beta in 1.29, stable in 1.33). */
export const FIRST_WITH_NATIVE_SIDECARS: KubernetesVersion = { major: 1, minor: 29 }

const COMPARATOR = /^(>=|<=|>|<|=)?\s*v?(\d+)\.(\d+)(?:\.\d+)?$/

export function isAtLeast(version: KubernetesVersion, other: KubernetesVersion): boolean {
  return compare(version, other) >= 0
}

/** Whether a range such as `>=1.25 <1.40` holds the version. A range that cannot be read holds nothing. */
export function isInRange(version: KubernetesVersion, range: string): boolean {
  const parts = range.trim().split(/\s+(?=[<>=v\d])/)
  return parts.every(part => {
    const match = COMPARATOR.exec(part)
    if (match === null) return false
    const [, operator = '=', major, minor] = match
    const sign = compare(version, { major: Number(major), minor: Number(minor) })
    if (operator === '=') return sign === 0
    return (operator.endsWith('=') && sign === 0) || (operator.startsWith('>') ? sign > 0 : sign < 0)
  })
}

function compare(a: KubernetesVersion, b: KubernetesVersion): number {
  return a.major - b.major || a.minor - b.minor
}

import { GoFunction, GoStruct, GoUint, type Value } from '../../../../wire/gotemplate/value.ts'
import { type Family, fixed } from '../functions/define.ts'
import { compareVersions, readVersion, type Version, versionText } from './semver.ts'
import { matchesConstraint } from './semver-constraint.ts'

/** Semantic versions. */
export const VERSIONS: Family = [
  fixed('semver', ['string'], (text: string) => versionStruct(readVersion(text))),
  fixed('semverCompare', ['string', 'string'], (constraint: string, version: string) =>
    matchesConstraint(constraint, readVersion(version)),
  ),
]

const VERSION_OF = new WeakMap<GoStruct, Version>()

function versionStruct(version: Version): GoStruct {
  const plain = (name: string, value: () => Value) => fixed(name, [], value)
  const compares = (name: string, value: (order: number) => Value) =>
    new GoFunction(name, 1, 1, other => value(compareVersions(version, versionOf(other))))
  const methods = [
    plain('Major', () => new GoUint(version.major)),
    plain('Minor', () => new GoUint(version.minor)),
    plain('Patch', () => new GoUint(version.patch)),
    plain('Prerelease', () => version.prerelease),
    plain('Metadata', () => version.metadata),
    plain('Original', () => version.original),
    plain('String', () => versionText(version)),
    plain('IncMajor', () => next(version, { major: version.major + 1n, minor: 0n, patch: 0n })),
    plain('IncMinor', () => next(version, { minor: version.minor + 1n, patch: 0n })),
    plain('IncPatch', () =>
      next(version, { patch: version.prerelease === '' ? version.patch + 1n : version.patch }),
    ),
    compares('Compare', order => BigInt(order)),
    compares('Equal', order => order === 0),
    compares('LessThan', order => order < 0),
    compares('LessThanEqual', order => order <= 0),
    compares('GreaterThan', order => order > 0),
    compares('GreaterThanEqual', order => order >= 0),
  ]
  const struct = new GoStruct(
    '*semver.Version',
    {},
    Object.fromEntries(methods.map(each => [each.name, each])),
  )
  VERSION_OF.set(struct, version)
  return struct
}

function next(version: Version, change: Partial<Version>): GoStruct {
  const changed = { ...version, ...change, prerelease: '', metadata: '' }
  return versionStruct({
    ...changed,
    original: (version.original.startsWith('v') ? 'v' : '') + versionText(changed),
  })
}

function versionOf(value: Value): Version {
  const version = value instanceof GoStruct ? VERSION_OF.get(value) : undefined
  if (version === undefined) throw new Error('expected a version made by semver')
  return version
}

import { GoFunction } from '../../../../wire/gotemplate/value.ts'
import type { Family } from './define.ts'

const CONSUL = [
  'caLeaf',
  'caRoots',
  'connect',
  'datacenters',
  'exportedServices',
  'importedServices',
  'key',
  'keyExists',
  'keyExistsGet',
  'keyOrDefault',
  'ls',
  'safeLs',
  'node',
  'nodes',
  'partitions',
  'peerings',
  'service',
  'services',
  'tree',
  'safeTree',
  'explode',
  'byKey',
  'byTag',
  'byPort',
  'byMeta',
]

const NOMAD = [
  'nomadServices',
  'nomadService',
  'nomadVarList',
  'nomadVarListSafe',
  'nomadVar',
  'nomadVarExists',
]

const DEBUG = ['spew_dump', 'spew_printf']

/** Functions that templates may name and that we do not have: each says why when it is called. */
export const REFUSED: Family = [
  ...CONSUL.map(name =>
    refused(name, 'it asks Consul, and the sidecar has no Consul; keep the value in a source of secrets'),
  ),
  ...NOMAD.map(name =>
    refused(name, 'it asks Nomad, and the sidecar has no Nomad; keep the value in a source of secrets'),
  ),
  ...DEBUG.map(name =>
    refused(name, 'it would write secrets to standard output; use spew_sdump while you try a template out'),
  ),
]

function refused(name: string, why: string): GoFunction {
  return new GoFunction(name, 0, Number.POSITIVE_INFINITY, () => {
    throw new Error(`is not available: ${why}`)
  })
}

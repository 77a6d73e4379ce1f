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

const DEBUG = ['spew_dump', 'spew_printf', 'spew_sdump', 'spew_sprintf']

/** Functions that templates may name and that we do not have: each says why when it is called. */
export const REFUSED: Family = [
  ...CONSUL.map(name =>
    refused(name, 'it asks Consul, and the sidecar has no Consul; keep the value in a source of secrets'),
  ),
  ...NOMAD.map(name =>
    refused(name, 'it asks Nomad, and the sidecar has no Nomad; keep the value in a source of secrets'),
  ),
  ...DEBUG.map(name =>
    refused(
      name,
      'it would write secrets where nobody expects them; use printf "%#v" while you try a template out',
    ),
  ),
  refused('plugin', 'templates start no programs; let the program write a file, and read it with `file`'),
  refused('sockaddr', 'templates do not look at network interfaces; use `env`, such as POD_IP'),
]

function refused(name: string, why: string): GoFunction {
  return new GoFunction(name, 0, Number.POSITIVE_INFINITY, () => {
    throw new Error(`is not available: ${why}`)
  })
}

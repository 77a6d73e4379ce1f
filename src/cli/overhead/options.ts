import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ClusterNodes } from '../../lint/overhead/cluster.ts'
import type { EstimateOptions } from '../../lint/overhead/estimate.ts'
import { DEFAULT_PRICES, type Prices } from '../../lint/overhead/prices.ts'
import { at, isObject } from '../../manifests/json.ts'
import { parseQuantity } from '../../manifests/quantity.ts'
import { readManifests } from '../../manifests/read.ts'
import type { Call } from '../call.ts'

export interface Figures extends Pick<EstimateOptions, 'node' | 'nodes' | 'pods' | 'agent'> {
  /** Which of the node's figures were given, and stay whatever nodes there are. */
  readonly given: ReadonlySet<string>
}

/** What stands for a node and an agent on it where nothing is said. */
const DEFAULTS = {
  'node-cpu': '3920m',
  'node-memory': '13Gi',
  'max-pods': '110',
  'agent-cpu': '200m',
  'agent-memory': '256Mi',
}

/** A text says which option is wrong. */
export function figuresOf({ values }: Call): Figures | string {
  const quantity = (name: keyof typeof DEFAULTS): number =>
    parseQuantity(String(values[name] ?? DEFAULTS[name])) ?? Number.NaN
  const whole = (name: string): number | undefined => {
    const value = values[name]
    return value === undefined ? undefined : /^\d{1,7}$/.test(String(value)) ? Number(value) : Number.NaN
  }
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[])
    if (!(quantity(name) > 0))
      return `--${name}: expected a quantity such as ${DEFAULTS[name]}, got "${values[name]}"`
  for (const name of ['nodes', 'pods']) {
    const number = whole(name)
    if (number !== undefined && !(number > 0))
      return `--${name}: expected a number from 1 on, got "${values[name]}"`
  }
  const sources = ['usage', 'prometheus', 'metrics-api'].filter(name => values[name] !== undefined)
  if (values['prometheus-token-file'] !== undefined && values['prometheus'] === undefined)
    return '--prometheus-token-file goes with --prometheus'
  if (sources.length > 1) return `takes one of --${sources.join(', --')}`
  return {
    node: { cpu: quantity('node-cpu'), memory: quantity('node-memory'), maxPods: quantity('max-pods') },
    nodes: whole('nodes'),
    pods: whole('pods'),
    agent: { cpu: quantity('agent-cpu'), memory: quantity('agent-memory') },
    given: new Set(Object.keys(DEFAULTS).filter(name => values[name] !== undefined)),
  }
}

/** The nodes of a cluster in place of the defaults; what was given stays. */
export function withNodesOf(
  { given, node, nodes, ...rest }: Figures,
  cluster: ClusterNodes | undefined,
): Pick<EstimateOptions, 'node' | 'nodes' | 'pods' | 'agent'> {
  if (cluster === undefined) return { ...rest, node, nodes }
  return {
    ...rest,
    nodes: nodes ?? cluster.count,
    node: {
      cpu: given.has('node-cpu') ? node.cpu : cluster.cpu,
      memory: given.has('node-memory') ? node.memory : cluster.memory,
      maxPods: given.has('max-pods') ? node.maxPods : cluster.maxPods,
    },
  }
}

/** `cpuHour`, `memoryGiBHour`, `currency` of a YAML file; what it leaves out is as by default. Throws with what is wrong. */
export async function readPrices(path: string | undefined, cwd: string): Promise<Prices> {
  if (path === undefined) return DEFAULT_PRICES
  const text = await readFile(resolve(cwd, path), 'utf8')
  const { documents, problems } = readManifests(path, text)
  const value = documents[0]?.value
  if (problems[0] !== undefined) throw new TypeError(problems[0].message)
  if (!isObject(value)) throw new TypeError('expected cpuHour, memoryGiBHour and currency')
  const known = ['cpuHour', 'memoryGiBHour', 'currency']
  const unknown = Object.keys(value).find(key => !known.includes(key))
  if (unknown !== undefined) throw new TypeError(`"${unknown}" is no price; there are ${known.join(', ')}`)
  const price = (name: 'cpuHour' | 'memoryGiBHour') => {
    const given = at(value, [name]) ?? DEFAULT_PRICES[name]
    if (typeof given !== 'number' || !(given >= 0))
      throw new TypeError(`${name}: expected a number, got ${JSON.stringify(given)}`)
    return given
  }
  const currency = at(value, ['currency']) ?? DEFAULT_PRICES.currency
  if (typeof currency !== 'string' || currency.length > 8)
    throw new TypeError('currency: expected a sign or a code such as EUR')
  return { cpuHour: price('cpuHour'), memoryGiBHour: price('memoryGiBHour'), currency, source: path }
}

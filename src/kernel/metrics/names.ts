/** Names of metrics: `outrigger_<module>_<name>_<unit>`, base units, `_total` on counters and only there. */

const PART = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/
const LABEL = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/
const RESERVED_END = /_(?:total|bucket|sum|count|created)$/

/** What Prometheus asks for instead: https://prometheus.io/docs/practices/naming/#base-units */
const BASE_UNIT: Readonly<Record<string, string>> = {
  ms: 'seconds',
  milliseconds: 'seconds',
  us: 'seconds',
  microseconds: 'seconds',
  ns: 'seconds',
  nanoseconds: 'seconds',
  minutes: 'seconds',
  hours: 'seconds',
  kb: 'bytes',
  kib: 'bytes',
  mb: 'bytes',
  mib: 'bytes',
  percent: 'ratio',
}

export type Kind = 'counter' | 'gauge' | 'histogram'

/** What is wrong with the name or the labels; undefined when all is well. `name` is without the prefix. */
export function nameProblem(kind: Kind, name: string, labels: readonly string[]): string | undefined {
  if (!PART.test(name)) return `metric "${name}": a name is snake_case, such as lines_read_total`
  if (kind === 'counter' && !name.endsWith('_total')) return `counter "${name}" must end in _total`
  if (kind !== 'counter' && RESERVED_END.test(name)) {
    return `${kind} "${name}" must not end in ${RESERVED_END.exec(name)![0]}, which belongs to other kinds`
  }
  const unit = name
    .replace(/_total$/, '')
    .split('_')
    .at(-1)!
  if (Object.hasOwn(BASE_UNIT, unit)) return `metric "${name}" must be in ${BASE_UNIT[unit]}, not in ${unit}`
  return labelProblem(kind, name, labels)
}

/** Names that belong to the sidecar itself. */
const OURS = /^(?:outrigger|process|nodejs)_/

/** What is wrong with a name that a user gives a metric: Prometheus has to take it, and it is none of the sidecar's own. */
export function userNameProblem(kind: Kind, name: string, labels: readonly string[]): string | undefined {
  if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name))
    return `"${name}" cannot be the name of a metric: letters, digits and _ can, not beginning with a digit`
  if (OURS.test(name)) return `metrics whose names begin with ${OURS.exec(name)![0]} are the sidecar's own`
  if (kind !== 'counter' && RESERVED_END.test(name))
    return `the name of ${kind} "${name}" must not end in ${RESERVED_END.exec(name)![0]}`
  const bad = labels.find(label => !/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) || label.startsWith('__'))
  if (bad !== undefined) return `"${bad}" cannot be a label of metric "${name}"`
  return kind === 'histogram' && labels.includes('le')
    ? `histogram "${name}" has a label le of its own`
    : undefined
}

function labelProblem(kind: Kind, name: string, labels: readonly string[]): string | undefined {
  const bad = labels.find(label => !LABEL.test(label) || (kind === 'histogram' && label === 'le'))
  if (bad !== undefined) return `metric "${name}": "${bad}" cannot be a label`
  if (new Set(labels).size !== labels.length) return `metric "${name}" names a label twice`
  return undefined
}

/** The name with its prefix: `outrigger_logs_lines_read_total`; without a module the name as it is (process_*, nodejs_*). */
export function fullName(module: string, name: string): string {
  if (module === '') return name
  return `outrigger_${module.replaceAll(/[^a-z0-9]/g, '_')}_${name}`
}

import type { Json } from '../../manifests/json.ts'
import type { Facts } from './catalogue.ts'
import type { Scope } from './condition.ts'

const READ: Readonly<Record<string, (facts: Facts) => Json | undefined>> = {
  'app.container': ({ app }) => app.container,
  'app.port': ({ app }) => app.port,
  'app.ports': ({ app }) => app.ports,
  'workload.kind': ({ workload }) => workload.kind,
  'workload.name': ({ workload }) => workload.name,
  namespace: ({ namespace }) => namespace,
  target: ({ target }) => target,
}

/** What entries may ask about the pod that they go into. */
export const FACT_NAMES: readonly string[] = Object.keys(READ)

export function factScope(facts: Facts): Scope {
  return name => (Object.hasOwn(READ, name) ? READ[name](facts) : undefined)
}

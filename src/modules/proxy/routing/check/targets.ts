import type { Problem } from '../../../../kernel/config/problem.ts'
import type { TargetRef } from '../references.ts'
import { each, problem } from './problems.ts'

export function checkTarget({
  kind,
  port,
  namespace,
  group,
}: TargetRef & { readonly group: string }): Problem[] {
  const problems: Problem[] = []
  if (group !== '' && group !== 'core')
    problems.push(problem(['group'], `expected no group, got ${JSON.stringify(group)}`, 'remove it'))
  if (kind === 'Service' && port === undefined)
    problems.push(problem(['name'], 'a Service needs a port', 'add port: 8080, or whichever it listens on'))
  if (kind === 'Cluster' && port !== undefined)
    problems.push(problem(['port'], 'a Cluster has no port', 'its endpoints have; remove it'))
  if (kind === 'Cluster' && namespace !== undefined)
    problems.push(problem(['namespace'], 'a Cluster has no namespace', 'remove it'))
  return problems
}

type WeightedRef = TargetRef & { readonly group: string; readonly weight: number }

/** The backends of a rule, which must have one that takes traffic. */
export function checkBackends(refs: readonly WeightedRef[]): Problem[] {
  const problems = each('backendRefs', refs, checkTarget)
  if (refs.length > 0 && refs.every(({ weight }) => weight === 0))
    problems.push(problem(['backendRefs'], 'no backend takes traffic: all weights are 0'))
  return problems
}

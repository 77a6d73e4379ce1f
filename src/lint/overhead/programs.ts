import type { Duty } from '../../manifests/known-sidecars.ts'
import { type Cost, costOf, times } from './cost.ts'
import type { Prices } from './prices.ts'
import type { WorkloadCost } from './workload-cost.ts'

export interface Program {
  readonly name: string
  readonly does?: Duty
  readonly pods: number
  /** What pods would ask for less if this program alone were not in them. */
  readonly byRequest: Cost
}

/** The dearest first. */
export function programsOf(list: readonly WorkloadCost[], prices: Prices): Program[] {
  const sidecars = list.flatMap(({ sidecars, pods }) => sidecars.map(sidecar => ({ sidecar, pods })))
  const groups = Map.groupBy(sidecars, ({ sidecar }) => sidecar.program)
  return [...groups]
    .map(([name, group]): Program => {
      const amounts = group.map(({ sidecar, pods }) => times(sidecar.effective, pods))
      const does = group[0]!.sidecar.does
      return {
        name,
        ...(does && { does }),
        pods: group.reduce((sum, { pods }) => sum + pods, 0),
        byRequest: costOf(amounts, prices),
      }
    })
    .sort((a, b) => b.byRequest.perMonth - a.byRequest.perMonth)
}

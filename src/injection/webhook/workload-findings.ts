import type { Check, World } from '../../lint/check.ts'
import { podSubject } from '../../lint/lint.ts'
import { podWaivers } from '../../lint/waivers.ts'
import type { Finding } from '../../manifests/finding.ts'
import type { JsonObject } from '../../manifests/json.ts'
import { workloads } from '../../manifests/workload.ts'
import { applyPatch } from '../../wire/json-patch/patch.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { inject } from '../kubernetes/inject.ts'
import type { InjectionContext } from '../kubernetes/injection.ts'

export interface WorkloadKnowledge {
  readonly catalogue: Catalogue
  readonly context: InjectionContext
  readonly checks: readonly Check[]
}

/**
 * What there is to tell whoever applies a workload: annotations that are misspelt or in the wrong place, what injection
 * will say of its pods, and what the checks find in the pods as they will be.
 */
export function workloadFindings(document: JsonObject, knowledge: WorkloadKnowledge): Finding[] {
  const { catalogue, context, checks } = knowledge
  const { findings, patch } = inject(document, catalogue, context)
  const injected = applyPatch(document, patch) as JsonObject
  const { kubernetes = { major: 1, minor: 33 } } = context
  const world: World = {
    ...{ catalogue, kubernetes, objects: [injected] },
    settings: { maxSidecars: 3, maxOverheadPercent: 50 },
  }
  const linted = workloads(injected).flatMap(workload => {
    const subject = podSubject(injected, workload, world)
    const waived = podWaivers(injected, workload).filter(({ reason }) => reason !== '')
    return checks
      .filter(({ id }) => !waived.some(waiver => waiver.check === id))
      .flatMap(check =>
        [...(check.pod?.(subject) ?? [])].map(
          ({ path, message, hint, severity = check.severity }): Finding => ({
            ...{ code: check.id, severity, path, message },
            ...(hint !== undefined && { hint }),
          }),
        ),
      )
  })
  return [...findings, ...linted]
}

import type { JsonObject } from '../../manifests/json.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Injection, InjectionContext } from '../kubernetes/injection.ts'

/** What became of one review; all that is answered, counted and written into the audit log comes from it. */
export interface Decision {
  /** injected: it gets a patch. passed, warned: of a validation. */
  readonly outcome: 'injected' | 'unchanged' | 'skipped' | 'failed' | 'denied' | 'passed' | 'warned'
  /** Machine id, a label of metrics; '' where there is nothing to say. */
  readonly reason: string
  readonly allowed: boolean
  /** Of a denial: for whoever wants the pod. */
  readonly message?: string
  readonly patch?: readonly PatchOperation[]
  readonly warnings: readonly string[]
  /** `name@version` of what was injected. */
  readonly entries: readonly string[]
}

/** What reviews are decided by; all of it at hand, for nothing is waited for. */
export interface Knowledge {
  readonly catalogue: Catalogue
  /** Without the namespace, which each review names. */
  readonly context: InjectionContext
  /** undefined: not known (yet); the pod then has its own annotations alone. */
  readonly namespace: (name: string) => InjectionContext['namespace']
  /** deny: a pod that asks for a sidecar and cannot have it is refused even when it could do without. */
  readonly onFailure: 'allow' | 'deny'
  /** Injection, and the checks for warnings. */
  readonly inject: (
    document: JsonObject,
    catalogue: Catalogue,
    context: InjectionContext,
  ) => Pick<Injection, 'patch' | 'findings' | 'status'>
}

/** What was asked is none of our business. */
export function passedBy(reason: string): Decision {
  return { outcome: 'unchanged', reason, allowed: true, warnings: [], entries: [] }
}

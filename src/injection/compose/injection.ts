import type { Finding } from '../../manifests/finding.ts'
import type { Path } from '../../manifests/json.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import type { Injected, InjectionContext } from '../kubernetes/injection.ts'
import type { EntryOfStatus } from './status.ts'
import type { Tagged } from './tags.ts'

/** The same as for a pod; what concerns clusters has no meaning here. `settings` are above the file's `x-outrigger`. */
export interface ComposeContext extends Pick<InjectionContext, 'inject' | 'settings'> {
  /** What the text of the file says besides its values (tags.ts). */
  readonly tags?: readonly Tagged[]
}

/** What came of one service of the file. Services that are sidecars of ours are not told. */
export interface ComposeInjected {
  /** To the service. */
  readonly path: Path
  readonly workload: { readonly kind: 'Service'; readonly name: string }
  readonly outcome: Injected['outcome']
  /** Machine id, of everything but `injected`. */
  readonly reason?: Exclude<Injected['reason'], undefined>
  readonly entries?: readonly EntryOfStatus[]
}

/** Pure result of `injectCompose`. Applying `patch` to the document gives the injected one. */
export interface ComposeInjection {
  readonly patch: readonly PatchOperation[]
  readonly findings: readonly Finding[]
  readonly status: readonly ComposeInjected[]
}

import { applyPatch, PatchError, type PatchOperation } from '../../../../src/wire/json-patch/patch.ts'
import { badRequest, Failure } from '../failure.ts'
import { findKind } from '../kinds.ts'
import { matchesLabels } from '../selectors.ts'
import type { Store } from '../store.ts'
import { copy, type Tree } from '../tree.ts'
import { callWebhook, type ServiceMapping } from './call.ts'
import { compileCel } from './cel.ts'
import { type Admission, BadAnswer, reviewRequest, type Verdict, verdictOf } from './review.ts'

/** One call of a webhook, for the eyes of a test. */
export interface WebhookCall {
  readonly configuration: string
  readonly webhook: string
  /** 0, and 1 when it is asked again because another has changed the object behind it. */
  readonly round: number
  readonly request: Tree
  readonly verdict: Verdict | undefined
  /** Why there is no verdict. */
  readonly error?: string
}

/** What admission gives besides the object. */
export interface Outcome {
  readonly warnings: string[]
  readonly auditAnnotations: Record<string, string>
}

/** What the built-in admission plugins do with an object; called again after a webhook has changed it. */
export type BuiltIn = (object: Tree) => Tree

const GROUP = 'admissionregistration.k8s.io'
/** Of one object for all webhooks together, and of one warning; what is more is cut. */
const MAX_WARNINGS_LENGTH = 4096
const MAX_WARNING_LENGTH = 256

interface Hook {
  readonly configuration: string
  readonly webhook: Tree
}

/** The admission loop of the API server, over the stored webhook configurations. */
export class WebhookAdmission {
  readonly calls: WebhookCall[] = []
  readonly #store: Store
  readonly #mapping: ServiceMapping

  constructor(store: Store, mapping: ServiceMapping) {
    this.#store = store
    this.#mapping = mapping
  }

  /**
   * The object after all mutating webhooks, in the order of their names, and after a second round of those that want
   * to see it again (`IfNeeded`) when one behind them has changed it. `check` refuses what a patch has broken.
   */
  async mutate(
    admission: Admission,
    outcome: Outcome,
    builtIn: BuiltIn,
    check: (object: Tree) => Tree,
  ): Promise<Tree> {
    let object = admission.object!
    const hooks = this.#hooks('mutatingwebhookconfigurations')
    const changedSince = new Set<Hook>()
    const asked: Hook[] = []
    const ask = async (hook: Hook, round: number): Promise<void> => {
      const current = { ...admission, object }
      const verdict = await this.#ask(hook, current, round, true, outcome)
      if (verdict === undefined) return
      if (!asked.includes(hook)) asked.push(hook)
      if (verdict.patch === undefined || verdict.patch.length === 0) return
      const next = builtIn(check(patchedBy(hook, object, verdict.patch)))
      if (JSON.stringify(next) === JSON.stringify(object)) return
      object = next
      for (const each of asked) if (each !== hook) changedSince.add(each)
    }
    for (const hook of hooks) await ask(hook, 0)
    for (const hook of [...asked])
      if (hook.webhook['reinvocationPolicy'] === 'IfNeeded' && changedSince.has(hook)) await ask(hook, 1)
    return object
  }

  /** All at once, as the real one asks them. */
  async validate(admission: Admission, outcome: Outcome): Promise<void> {
    const hooks = this.#hooks('validatingwebhookconfigurations')
    const results = await Promise.allSettled(hooks.map(hook => this.#ask(hook, admission, 0, false, outcome)))
    const refused = results.find(result => result.status === 'rejected')
    if (refused) throw refused.reason
  }

  #hooks(resource: string): Hook[] {
    // The store lists by name; within a configuration the order is that of the list.
    return this.#store
      .list(findKind(GROUP, 'v1', resource)!, '')
      .flatMap(({ metadata, webhooks = [] }) =>
        webhooks.map((webhook: Tree) => ({ configuration: metadata.name, webhook })),
      )
  }

  /** Undefined when the webhook was not asked, or failed and does not matter. Throws the refusal. */
  async #ask(
    hook: Hook,
    admission: Admission,
    round: number,
    mutating: boolean,
    outcome: Outcome,
  ): Promise<Verdict | undefined> {
    const { webhook, configuration } = hook
    if (!this.#matches(webhook, admission)) return undefined
    const request = reviewRequest(admission)
    const name: string = webhook['name']
    try {
      if (!conditionsHold(webhook, admission, request)) return undefined
    } catch (error) {
      if (webhook['failurePolicy'] === 'Ignore') return undefined
      throw new Failure(
        403,
        'Forbidden',
        `failed to evaluate match conditions of webhook ${JSON.stringify(name)}: ${(error as Error).message}`,
      )
    }
    if (admission.dryRun && !['None', 'NoneOnDryRun'].includes(webhook['sideEffects']))
      throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`)
    let verdict: Verdict
    try {
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
      const text = await callWebhook(
        webhook['clientConfig'],
        review,
        webhook['timeoutSeconds'],
        this.#mapping,
      )
      verdict = verdictOf(text, request['uid'], mutating)
    } catch (error) {
      const message = `failed calling webhook ${JSON.stringify(name)}: ${error instanceof BadAnswer ? '' : 'failed to call webhook: '}${(error as Error).message}`
      this.calls.push({ configuration, webhook: name, round, request, verdict: undefined, error: message })
      if (webhook['failurePolicy'] === 'Ignore') return undefined
      throw new Failure(500, 'InternalError', `Internal error occurred: ${message}`, {
        causes: [{ message }],
      })
    }
    this.calls.push({ configuration, webhook: name, round, request, verdict })
    collect(outcome, name, verdict)
    if (!verdict.allowed) throw denial(name, verdict)
    return verdict
  }

  #matches(
    webhook: Tree,
    { operation, kind, namespace, subresource, object, oldObject }: Admission,
  ): boolean {
    // The configurations themselves are never sent to webhooks: nobody could mend a bad one.
    if (kind.group === GROUP) return false
    const rule = (webhook['rules'] ?? []).some((each: Tree) => {
      const has = (list: string[], value: string) => list.includes('*') || list.includes(value)
      const resource = subresource === '' ? kind.resource : `${kind.resource}/${subresource}`
      const resources: string[] = each['resources']
      const any =
        resources.includes('*/*') ||
        (subresource === ''
          ? resources.includes('*')
          : resources.includes(`*/${subresource}`) || resources.includes(`${kind.resource}/*`))
      return (
        has(each['operations'], operation) &&
        has(each['apiGroups'], kind.group) &&
        has(each['apiVersions'], kind.version) &&
        (any || resources.includes(resource)) &&
        (each['scope'] === '*' || (each['scope'] === 'Namespaced') === kind.namespaced)
      )
    })
    if (!rule) return false
    const objects = [object, oldObject].filter(each => each !== undefined)
    if (!objects.some(each => matchesLabels(webhook['objectSelector'], each['metadata'].labels))) return false
    if (kind.kind === 'Namespace')
      return objects.some(each => matchesLabels(webhook['namespaceSelector'], each['metadata'].labels))
    if (!kind.namespaced) return true
    const labels = this.#store.find(findKind('', 'v1', 'namespaces')!, '', namespace)?.['metadata'].labels
    return matchesLabels(webhook['namespaceSelector'], labels)
  }
}

/** One that is false decides, also beside one that fails. */
function conditionsHold(webhook: Tree, { object, oldObject }: Admission, request: Tree): boolean {
  let failure: unknown
  for (const { expression } of webhook['matchConditions'] ?? []) {
    try {
      const result = compileCel(expression)({ object: object ?? null, oldObject: oldObject ?? null, request })
      if (result === false) return false
      if (result !== true) throw new Error('a match condition must be a boolean')
    } catch (error) {
      failure = error
    }
  }
  if (failure !== undefined) throw failure
  return true
}

function patchedBy({ webhook }: Hook, object: Tree, patch: readonly Tree[]): Tree {
  try {
    return applyPatch(copy(object), patch as readonly PatchOperation[]) as Tree
  } catch (error) {
    if (!(error instanceof PatchError)) throw error
    throw new Failure(
      500,
      'InternalError',
      `Internal error occurred: failed to apply the patch of webhook ${JSON.stringify(webhook['name'])}: ${error.message}`,
    )
  }
}

function denial(name: string, { status }: Verdict): Failure {
  const { code = 403, reason = 'Forbidden', message } = status ?? {}
  const text = `admission webhook ${JSON.stringify(name)} denied the request${message ? `: ${message}` : ' without explanation'}`
  return new Failure(code >= 400 && code < 600 ? code : 403, reason, text)
}

function collect(outcome: Outcome, name: string, { warnings, auditAnnotations }: Verdict): void {
  for (const warning of warnings) {
    const used = outcome.warnings.reduce((sum, each) => sum + each.length, 0)
    const cut = warning.length > MAX_WARNING_LENGTH ? warning.slice(0, MAX_WARNING_LENGTH) : warning
    if (used + cut.length <= MAX_WARNINGS_LENGTH) outcome.warnings.push(cut)
  }
  for (const [key, value] of Object.entries(auditAnnotations))
    outcome.auditAnnotations[`${name}/${key}`] = value
}

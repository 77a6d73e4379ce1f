import type { Finding } from '../../manifests/finding.ts'
import { at, isObject, type Json, type JsonObject, pointer } from '../../manifests/json.ts'
import { type Workload, workloads } from '../../manifests/workload.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import { type Account, additionsFor } from './additions.ts'
import { adopt, tellRivals } from './adopt/adopt.ts'
import { choose } from './choose.ts'
import type { Injected, Injection, InjectionContext, InjectionStatus, Reason } from './injection.ts'
import { refuseByNature } from './nature.ts'
import { assertFits, planPod } from './planning.ts'
import { fail, Refusal, skip, type Tell } from './refusal.ts'
import { STATUS } from './removal.ts'
import { joinEntries, readStatus, writeStatus } from './status.ts'
import { tellSurprises } from './surprises.ts'
import { unknownKinds } from './unknown-kinds.ts'
import { finding, misplaced, misspelt } from './vocabulary.ts'
import { asksOf, readWish, skipOf } from './wish.ts'

/**
 * Works out what the pods of a document get: a patch of `add` operations for the whole document, all that is to be told,
 * and for each pod template what came of it. Applying the patch and asking again gives no operations. Never throws for
 * what a document says; what is no workload gets nothing.
 */
export function inject(document: Json, catalogue: Catalogue, context: InjectionContext = {}): Injection {
  const patch: PatchOperation[] = []
  const findings: Finding[] = []
  const status: Injected[] = []
  const known = workloads(document)
  for (const workload of known) {
    findings.push(...misplaced(document, workload))
    const done = injectOne(at(document, workload.template) as JsonObject, workload, catalogue, context)
    const prefix = pointer(workload.template)
    patch.push(...done.patch.map(operation => ({ ...operation, path: prefix + operation.path })))
    findings.push(...done.findings.map(each => ({ ...each, path: [...workload.template, ...each.path] })))
    status.push(done.injected)
  }
  findings.push(...unknownKinds(document, known))
  return { patch, findings, status }
}

interface One {
  readonly patch: readonly PatchOperation[]
  /** With paths from the pod template on. */
  readonly findings: readonly Finding[]
  readonly injected: Injected
}

function injectOne(
  template: JsonObject,
  workload: Workload,
  catalogue: Catalogue,
  context: InjectionContext,
): One {
  const mapping = at(template, ['metadata', 'annotations'])
  const annotations = isObject(mapping) ? mapping : {}
  const findings = misspelt(annotations, ['metadata', 'annotations'], catalogue)
  const tell: Tell = (severity, code, path, message, hint) => {
    findings.push(finding(code, severity, path, message, hint))
  }
  const { kind, name, namespace, template: path } = workload
  const of = { path, workload: { kind, name, ...(namespace !== undefined && { namespace }) } }
  const end = (outcome: Injected['outcome'], reason?: Reason, status?: InjectionStatus): Injected => ({
    ...of,
    outcome,
    ...(reason !== undefined && { reason }),
    ...(status !== undefined && { status }),
  })
  try {
    const adopted = context.adopt === true ? adopt(template, catalogue, context, tell) : undefined
    const asked = asksOf(annotations, context, adopted)
    const reading = readStatus(annotations[STATUS])
    if (asked.length === 0)
      return { patch: [], findings, injected: end('unchanged', 'not_asked', statusIn(reading)) }
    const reason = skipOf(annotations, context)
    if (reason !== undefined) skip('skip_annotation', ['metadata', 'annotations'], skipMessage(reason))
    refuseByNature(template)
    if (reading.kind === 'unreadable')
      fail(
        'unreadable_status',
        ['metadata', 'annotations', STATUS],
        `the status cannot be read: ${reading.message}`,
        'remove the annotation; only the injector writes it',
      )
    const wish = readWish(annotations, catalogue, context, asked, adopted)
    const chosen = choose(asked, catalogue, tell)
    if (adopted === undefined)
      tellRivals(template, new Set(chosen.map(({ entry }) => entry.name)), catalogue, context, tell)
    const before = statusIn(reading)
    const { plans, base, owned, application } = planPod(
      { template, workload, chosen, wish, before, context },
      tell,
    )
    const status = (account: Account): InjectionStatus => ({
      v: 1,
      application: before?.application ?? application,
      entries: joinEntries(before?.entries ?? [], account.entries),
      made: [...new Set([...(before?.made ?? []), ...account.made])],
      nulls: [...new Set([...(before?.nulls ?? []), ...account.nulls])],
    })
    let after: InjectionStatus | undefined
    const { patch, template: done } = additionsFor(template, plans, owned, account =>
      writeStatus((after = status(account))),
    )
    if (after === undefined)
      return { patch, findings, injected: end('unchanged', 'already_injected', before) }
    assertFits(done)
    tellSurprises({ before: base, after: done, plans, workload, context }, tell)
    return { patch, findings, injected: end('injected', undefined, after) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const severity = SEVERITIES[error.reason] ?? (error.outcome === 'failed' ? 'error' : 'warning')
    findings.push(finding(error.reason, severity, error.path, error.message, error.hint))
    return { patch: [], findings, injected: end(error.outcome, error.reason) }
  }
}

/** What somebody has asked for is no surprise. */
const SEVERITIES: Readonly<Partial<Record<Reason, Finding['severity']>>> = { skip_annotation: 'info' }

function skipMessage(reason: string): string {
  return reason.trim() === ''
    ? 'the pod wants no sidecars'
    : `the pod wants no sidecars: ${reason.slice(0, 200)}`
}

function statusIn(reading: ReturnType<typeof readStatus>): InjectionStatus | undefined {
  return reading.kind === 'status' ? reading.status : undefined
}

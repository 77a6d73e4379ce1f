import type { Log } from '../../kernel/log/log.ts'
import { at, type Json } from '../../manifests/json.ts'
import type { AdmissionRequest } from './admission-review.ts'
import type { Decision } from './decision.ts'
import { namespaceOf } from './mutation.ts'

const EVENTS: Readonly<Record<Decision['outcome'], string>> = {
  injected: 'pod_injected',
  unchanged: 'pod_unchanged',
  skipped: 'pod_skipped',
  failed: 'injection_failed',
  denied: 'denied',
  passed: 'validated',
  warned: 'warned',
}

/** One line for each decision, by which it can be told later why a pod is as it is. */
export function writeAudit(
  log: Log,
  webhook: 'mutate' | 'validate',
  request: AdmissionRequest,
  decision: Decision,
  more: { readonly catalogue: string; readonly durationMs: number },
): void {
  const { outcome, reason, entries, warnings, message } = decision
  const { object, uid, operation, dryRun, user } = request
  const namespace = namespaceOf(request)
  const name = request.name || text(at(object, ['metadata', 'name']))
  const shown = name || `${text(at(object, ['metadata', 'generateName']))}…`
  const what = `${request.kind.kind} ${namespace}/${shown}`
  const fields = {
    webhook,
    uid,
    operation,
    kind: request.kind.kind,
    namespace,
    name: shown,
    owner: ownerOf(object),
    outcome,
    reason: reason || undefined,
    entries: entries.length > 0 ? entries : undefined,
    warnings: warnings.length > 0 ? warnings : undefined,
    denial: message,
    dry_run: dryRun || undefined,
    user,
    catalogue: more.catalogue,
    duration_ms: Math.round(more.durationMs * 100) / 100,
  }
  const line = `${what}: ${outcome}${reason === '' ? '' : ` (${reason})`}${entries.length === 0 ? '' : ` ${entries.join(', ')}`}`
  // Of pods that asked for nothing there is nothing to account for.
  if (outcome === 'passed' || reason === 'not_asked') log.debug(EVENTS[outcome], line, fields)
  else log.audit(EVENTS[outcome], line, fields)
}

function ownerOf(object: Json | undefined): string | undefined {
  const owners = at(object, ['metadata', 'ownerReferences'])
  if (!Array.isArray(owners)) return undefined
  const owner: Json | undefined = owners.find((each: Json) => at(each, ['controller']) === true) ?? owners[0]
  return owner === undefined ? undefined : `${text(at(owner, ['kind']))}/${text(at(owner, ['name']))}`
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

import type { Finding } from '../../manifests/finding.ts'
import { at, isObject, type Json, type JsonObject, type Path, pointer } from '../../manifests/json.ts'
import { type Workload, workloads } from '../../manifests/workload.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import { removalOf, STATUS } from './removal.ts'
import { joinAdded, readStatus } from './status.ts'
import { finding } from './vocabulary.ts'

/** Pure result of `uninject(document)`. */
export interface Uninjection {
  readonly patch: readonly PatchOperation[]
  readonly findings: readonly Finding[]
}

/**
 * Takes out what the status annotations of a document's pods account for, and the annotations themselves: the exact
 * inverse of inject, value for value. What others have added stays, and so does a container that only has the name of
 * one that was injected.
 */
export function uninject(document: Json): Uninjection {
  const patch: PatchOperation[] = []
  const findings: Finding[] = []
  for (const workload of workloads(document)) {
    const done = uninjectOne(at(document, workload.template) as JsonObject)
    const prefix = pointer(workload.template)
    patch.push(...done.patch.map(operation => ({ ...operation, path: prefix + operation.path })))
    findings.push(...done.findings.map(each => inDocument(each, workload)))
  }
  return { patch, findings }
}

function uninjectOne(template: JsonObject): Uninjection {
  const annotations = at(template, ['metadata', 'annotations'])
  const reading = readStatus(isObject(annotations) ? annotations[STATUS] : undefined)
  const path = ['metadata', 'annotations', STATUS]
  if (reading.kind === 'none') return { patch: [], findings: [] }
  if (reading.kind === 'unreadable') {
    const message = `the status cannot be read: ${reading.message}`
    const hint = 'nothing was taken out; take out what was injected by hand, and this annotation'
    return { patch: [], findings: [finding('unreadable_status', 'error', path, message, hint)] }
  }
  const { status } = reading
  const added = status.entries.reduce((sum, entry) => joinAdded(sum, entry.added), {})
  const { patch, missing, foreign, changed, used } = removalOf(template, added, status, true)
  const tell = (code: string, severity: Finding['severity'], where: Path, message: string): Finding =>
    finding(code, severity, where, message)
  return {
    patch,
    findings: [
      ...missing.map(name =>
        tell('missing-container', 'info', path, `the container ${name} was gone already`),
      ),
      ...foreign.map(each =>
        tell(
          'foreign-container',
          'warning',
          each,
          'it is another program than was injected under its name, and stays',
        ),
      ),
      ...changed.map(each =>
        tell('changed-container', 'info', each, 'it was changed after it was injected; it goes'),
      ),
      ...used.map(each =>
        tell('used-volume', 'warning', each, 'other containers mount this volume by now; it stays'),
      ),
    ],
  }
}

function inDocument(each: Finding, { template }: Workload): Finding {
  return { ...each, path: [...template, ...each.path] }
}

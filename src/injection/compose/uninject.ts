import type { Finding } from '../../manifests/finding.ts'
import { isObject, type Json } from '../../manifests/json.ts'
import { difference } from '../../wire/json-patch/difference.ts'
import type { PatchOperation } from '../../wire/json-patch/patch.ts'
import { finding } from '../kubernetes/vocabulary.ts'
import { withoutAdded } from './removal.ts'
import { readStatus, STATUS_KEY } from './status.ts'

/** Takes away all that was injected: the file is then as it was before, value for value. */
export function uninjectCompose(document: Json): {
  readonly patch: readonly PatchOperation[]
  readonly findings: readonly Finding[]
} {
  const reading = readStatus(document)
  if (reading.kind === 'none' || !isObject(document)) return { patch: [], findings: [] }
  if (reading.kind === 'status')
    return { patch: difference(document, withoutAdded(document, reading.status)), findings: [] }
  const message = `the status cannot be read: ${reading.message}`
  const hint = 'remove it, and the services that were injected; only the injector writes it'
  return { patch: [], findings: [finding('unreadable_status', 'error', [STATUS_KEY], message, hint)] }
}

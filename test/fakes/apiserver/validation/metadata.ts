import type { Cause } from '../failure.ts'
import type { Kind } from '../kinds.ts'
import type { Tree } from '../tree.ts'

export const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const SERVICE = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/
const MAX_ANNOTATION_BYTES = 256 * 1024

export function isQualifiedName(key: string): boolean {
  const [name = '', prefix, ...more] = key.split('/').reverse()
  return (
    more.length === 0 &&
    (prefix === undefined || SUBDOMAIN.test(prefix)) &&
    /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(name)
  )
}

const subdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const labelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character"

export function metadataCauses(kind: Kind, metadata: Tree, old: Tree | undefined): Cause[] {
  const causes: Cause[] = []
  const { name, namespace, labels = {}, annotations = {} } = metadata
  if (typeof name !== 'string' || name === '')
    causes.push({
      field: 'metadata.name',
      message: 'Required value: name or generateName is required',
      reason: 'FieldValueRequired',
    })
  else if (kind.group === 'rbac.authorization.k8s.io' ? /[/%]/.test(name) : !nameRule(kind).test(name))
    causes.push({
      field: 'metadata.name',
      message: `Invalid value: ${JSON.stringify(name)}: ${kind.kind === 'Namespace' || kind.kind === 'Service' ? labelMessage : subdomainMessage}`,
    })
  for (const [key, value] of Object.entries(labels as Record<string, string>)) {
    if (!isQualifiedName(key))
      causes.push({
        field: 'metadata.labels',
        message: `Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.'`,
      })
    if (!VALUE.test(value))
      causes.push({
        field: 'metadata.labels',
        message: `Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'`,
      })
  }
  let bytes = 0
  for (const [key, value] of Object.entries(annotations as Record<string, string>)) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
    if (!isQualifiedName(key.toLowerCase()))
      causes.push({
        field: 'metadata.annotations',
        message: `Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, '-', '_' or '.'`,
      })
  }
  if (bytes > MAX_ANNOTATION_BYTES)
    causes.push({
      field: 'metadata.annotations',
      message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`,
    })
  if (old !== undefined && (old['name'] !== name || old['namespace'] !== namespace))
    causes.push({
      field: 'metadata.name',
      message: `Invalid value: ${JSON.stringify(name)}: field is immutable`,
    })
  return causes
}

function nameRule(kind: Kind): RegExp {
  if (kind.kind === 'Namespace') return LABEL
  return kind.kind === 'Service' ? SERVICE : SUBDOMAIN
}

import { X509Certificate } from 'node:crypto'
import { compileCel } from '../admission/cel.ts'
import type { Cause } from '../failure.ts'
import type { Tree } from '../tree.ts'
import { isQualifiedName, LABEL } from './metadata.ts'

const MAX_CONDITIONS = 64

/** Mutating and validating webhook configurations. */
export function webhookCauses(object: Tree): Cause[] {
  const causes: Cause[] = []
  const names = new Set<string>()
  for (const [index, webhook] of (object['webhooks'] ?? []).entries()) {
    const add = (field: string, message: string) =>
      causes.push({ field: `webhooks[${index}].${field}`, message })
    const labels = String(webhook.name ?? '').split('.')
    if (labels.length < 3 || !labels.every(label => LABEL.test(label)))
      add(
        'name',
        `Invalid value: ${JSON.stringify(webhook.name)}: should be a domain with at least three segments separated by dots`,
      )
    if (names.has(webhook.name)) add('name', `Duplicate value: ${JSON.stringify(webhook.name)}`)
    names.add(webhook.name)
    const oneOf = (field: string, values: readonly string[]) => {
      if (!values.includes(webhook[field]))
        add(
          field,
          `Unsupported value: ${JSON.stringify(webhook[field])}: supported values: ${values.map(each => JSON.stringify(each)).join(', ')}`,
        )
    }
    oneOf('sideEffects', ['None', 'NoneOnDryRun'])
    oneOf('failurePolicy', ['Fail', 'Ignore'])
    oneOf('matchPolicy', ['Equivalent', 'Exact'])
    if (object['kind'] === 'MutatingWebhookConfiguration') oneOf('reinvocationPolicy', ['IfNeeded', 'Never'])
    if (!(webhook.timeoutSeconds >= 1 && webhook.timeoutSeconds <= 30))
      add(
        'timeoutSeconds',
        `Invalid value: ${webhook.timeoutSeconds}: the timeout value must be between 1 and 30 seconds`,
      )
    if (!webhook.admissionReviewVersions?.includes('v1'))
      add('admissionReviewVersions', 'Invalid value: must include at least one of v1, v1beta1')
    clientCauses(webhook.clientConfig ?? {}, add)
    for (const [at, rule] of (webhook.rules ?? []).entries()) ruleCauses(rule, `rules[${at}]`, add)
    conditionCauses(webhook.matchConditions ?? [], add)
  }
  return causes
}

type Add = (field: string, message: string) => void

function clientCauses({ url, service, caBundle }: Tree, add: Add): void {
  if ((url === undefined) === (service === undefined))
    add('clientConfig', 'Required value: exactly one of url or service is required')
  if (url !== undefined && !url.startsWith('https://'))
    add('clientConfig.url', "Invalid value: 'https' is the only allowed URL scheme")
  if (service !== undefined) {
    if (!service.name) add('clientConfig.service.name', 'Required value')
    if (!service.namespace) add('clientConfig.service.namespace', 'Required value')
    if (service.path !== undefined && !/^\/([^?#]*)$/.test(service.path))
      add('clientConfig.service.path', `Invalid value: ${JSON.stringify(service.path)}`)
    if (service.port < 1 || service.port > 65535)
      add('clientConfig.service.port', `Invalid value: ${service.port}`)
  }
  if (!caBundle) return
  const text = Buffer.from(caBundle, 'base64').toString('utf8')
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  const readable = blocks.every(block => {
    try {
      return new X509Certificate(block).raw.length > 0
    } catch {
      return false
    }
  })
  if (blocks.length === 0 || !readable)
    add(
      'clientConfig.caBundle',
      'Invalid value: unable to load root certificates: unable to parse bytes as PEM block',
    )
}

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT', '*']

function ruleCauses(rule: Tree, place: string, add: Add): void {
  for (const key of ['operations', 'apiGroups', 'apiVersions', 'resources'])
    if (!rule[key]?.length) add(`${place}.${key}`, 'Required value')
  for (const operation of rule['operations'] ?? [])
    if (!OPERATIONS.includes(operation))
      add(`${place}.operations`, `Unsupported value: ${JSON.stringify(operation)}`)
  if (!['*', 'Cluster', 'Namespaced'].includes(rule['scope']))
    add(`${place}.scope`, `Unsupported value: ${JSON.stringify(rule['scope'])}`)
}

function conditionCauses(conditions: readonly Tree[], add: Add): void {
  if (conditions.length > MAX_CONDITIONS)
    add('matchConditions', `Too many: ${conditions.length}: must have at most ${MAX_CONDITIONS} items`)
  const names = new Set<string>()
  for (const [index, { name, expression }] of conditions.entries()) {
    if (!isQualifiedName(name ?? ''))
      add(`matchConditions[${index}].name`, `Invalid value: ${JSON.stringify(name)}`)
    if (names.has(name)) add(`matchConditions[${index}].name`, `Duplicate value: ${JSON.stringify(name)}`)
    names.add(name)
    try {
      compileCel(expression ?? '')
    } catch (error) {
      add(
        `matchConditions[${index}].expression`,
        `Invalid value: ${JSON.stringify(expression)}: compilation failed: ${(error as Error).message}`,
      )
    }
  }
}

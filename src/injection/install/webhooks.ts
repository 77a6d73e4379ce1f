import type { JsonObject } from '../../manifests/json.ts'
import { askingPattern } from '../kubernetes/selection.ts'
import { type InstallOptions, LABELS, NAME } from './options.ts'

const INJECT = "'outrigger.dev/inject'"
const ANNOTATIONS = 'object.metadata.annotations'
/** What asks the injectors whose sidecars ours can stand for. */
const FOREIGN = [
  'dapr.io/enabled',
  'linkerd.io/inject',
  'sidecar.istio.io/inject',
  'sidecar.opentelemetry.io/inject',
  'vault.hashicorp.com/agent-inject',
]
/** On a namespace whose annotations are defaults for its pods: `optional`, or `required` where pods must wait. */
export const DEFAULTS_LABEL = 'outrigger.dev/defaults'

const OPTED_OUT = `has(${ANNOTATIONS}) && 'outrigger.dev/skip' in ${ANNOTATIONS}`
const ASKS = `has(${ANNOTATIONS}) && ${INJECT} in ${ANNOTATIONS}`

/**
 * Which pods the API server asks about is decided by itself (matchConditions), so that a webhook that is away can only
 * concern pods that asked for a sidecar; and of those it stops only pods that asked for a required one.
 */
export function webhookObjects(options: InstallOptions): JsonObject[] {
  const pods = { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' }
  const newPods = { ...pods, operations: ['CREATE'] }
  const optional = options.failClosed ? 'Fail' : 'Ignore'
  const mutate = (name: string, more: Part) =>
    webhook(name, '/mutate', { rules: [newPods], reinvocationPolicy: 'IfNeeded', ...more }, options)
  const validate = (name: string, more: Part) => webhook(name, '/validate', more, options)
  const required = asksFor(options.required)
  const ofNamespace = [wants, { name: 'has-no-wish-of-its-own', expression: `!(${ASKS})` }]
  const labelled = (value: string) => ({ key: DEFAULTS_LABEL, operator: 'In', values: [value] })
  return [
    configuration('MutatingWebhookConfiguration', options, [
      mutate('optional.pods.outrigger.dev', {
        failurePolicy: optional,
        matchConditions: [
          wants,
          { name: 'asks', expression: ASKS },
          ...(required === undefined
            ? []
            : [{ name: 'asks-for-nothing-required', expression: `!(${required})` }]),
        ],
      }),
      ...(required === undefined
        ? []
        : [
            mutate('required.pods.outrigger.dev', {
              failurePolicy: 'Fail',
              matchConditions: [wants, { name: 'asks-for-something-required', expression: required }],
            }),
          ]),
      ...(options.adopt
        ? [
            mutate('adopted.pods.outrigger.dev', {
              failurePolicy: optional,
              matchConditions: [
                wants,
                { name: 'has-no-wish-of-its-own', expression: `!(${ASKS})` },
                { name: 'asks-another-injector', expression: ASKS_ANOTHER },
              ],
            }),
          ]
        : []),
      mutate('optional.namespaces.outrigger.dev', {
        failurePolicy: optional,
        matchConditions: ofNamespace,
        namespaces: [labelled('optional')],
      }),
      mutate('required.namespaces.outrigger.dev', {
        failurePolicy: 'Fail',
        matchConditions: ofNamespace,
        namespaces: [labelled('required')],
      }),
    ]),
    configuration('ValidatingWebhookConfiguration', options, [
      validate('workloads.check.outrigger.dev', {
        failurePolicy: 'Ignore',
        rules: [
          {
            ...{ apiGroups: ['apps'], apiVersions: ['v1'], scope: 'Namespaced' },
            resources: ['deployments', 'statefulsets', 'daemonsets'],
            operations: ['CREATE', 'UPDATE'],
          },
          {
            ...{ apiGroups: ['batch'], apiVersions: ['v1'], scope: 'Namespaced' },
            resources: ['jobs', 'cronjobs'],
            operations: ['CREATE', 'UPDATE'],
          },
          newPods,
        ],
        matchConditions: [
          { name: 'nobody-made-it', expression: '!has(object.metadata.ownerReferences)' },
          ...(options.warnAll ? [] : [{ name: 'mentions-outrigger', expression: MENTIONS }]),
        ],
      }),
      ...(required === undefined
        ? []
        : [
            validate('required.check.outrigger.dev', {
              failurePolicy: 'Fail',
              rules: [newPods],
              matchConditions: [wants, { name: 'asks-for-something-required', expression: required }],
            }),
          ]),
    ]),
  ]
}

const ASKS_ANOTHER = `has(${ANNOTATIONS}) && [${FOREIGN.map(key => `'${key}'`).join(', ')}].exists(key, key in ${ANNOTATIONS})`

const wants = { name: 'is-not-told-to-skip', expression: `!(${OPTED_OUT})` }

/** Also of a domain that is nearly ours: that is what is told of. */
const MENTIONS = ['object', 'object.spec.template', 'object.spec.jobTemplate.spec.template']
  .map(place => {
    const steps = `${place}.metadata.annotations`.split('.')
    const exists = steps.slice(2).map((_, index) => `has(${steps.slice(0, index + 3).join('.')})`)
    return `(${[...exists, `${steps.join('.')}.exists(key, key.startsWith('outrig'))`].join(' && ')})`
  })
  .join(' || ')

/** undefined: nothing is required, so nothing asks for it. */
function asksFor(names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  return `${ASKS} && ${ANNOTATIONS}[${INJECT}].matches(r'${askingPattern(names)}')`
}

interface Part {
  readonly failurePolicy: 'Ignore' | 'Fail'
  readonly matchConditions: readonly JsonObject[]
  readonly rules?: readonly JsonObject[]
  readonly reinvocationPolicy?: string
  /** More that a namespace must fulfil. */
  readonly namespaces?: readonly JsonObject[]
}

function webhook(
  name: string,
  path: string,
  { namespaces = [], rules = [], matchConditions, ...part }: Part,
  { namespace, timeoutSeconds, certificates }: InstallOptions,
): JsonObject {
  const spared = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', namespace] }
  return {
    name,
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    ...part,
    timeoutSeconds,
    namespaceSelector: { matchExpressions: [spared, ...namespaces] },
    matchConditions,
    rules,
    clientConfig: {
      service: { name: NAME, namespace, path, port: 443 },
      ...(certificates.kind === 'files' && {
        caBundle: Buffer.from(certificates.authority).toString('base64'),
      }),
    },
  }
}

function configuration(
  kind: string,
  { certificates, namespace }: InstallOptions,
  webhooks: readonly JsonObject[],
): JsonObject {
  const annotations = { 'cert-manager.io/inject-ca-from': `${namespace}/${NAME}` }
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name: NAME, labels: LABELS, ...(certificates.kind === 'cert-manager' && { annotations }) },
    webhooks,
  }
}

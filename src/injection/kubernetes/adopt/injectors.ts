import type { JsonObject } from '../../../manifests/json.ts'

/** What a pod and its namespace say to other injectors. */
export interface Signs {
  readonly annotations: JsonObject
  readonly labels: JsonObject
  readonly namespaceAnnotations: JsonObject
  readonly namespaceLabels: JsonObject
}

/** Another injector, in its users' words and in ours. */
export interface ForeignInjector {
  readonly name: string
  /** The key by which its sidecar is asked for, if it is. */
  readonly asks: (signs: Signs) => string | undefined
  /** Beginnings of its annotations' keys. */
  readonly prefixes: readonly string[]
  /** What its sidecar is in our catalogue: an entry or an alias. */
  readonly sidecar: string
  /** After a prefix → our word, as after outrigger.dev/. A key that has the name of a parameter needs no line here. */
  readonly words: Readonly<Record<string, string>>
  /** Keys that say nothing to a sidecar: the wish itself, and what injectors write. */
  readonly silent: readonly string[]
}

const RESOURCES = {
  'proxy-cpu-request': 'resources.cpu',
  'proxy-cpu-limit': 'resources.cpuLimit',
  'proxy-memory-request': 'resources.memory',
  'proxy-memory-limit': 'resources.memoryLimit',
}

export const INJECTORS: readonly ForeignInjector[] = [
  {
    name: 'Istio',
    asks: ({ annotations, labels, namespaceLabels }) => {
      const key = 'sidecar.istio.io/inject'
      // Its label beats its annotation, and both beat the namespace.
      const own = labels[key] ?? annotations[key]
      if (own !== undefined) return own === 'true' ? key : undefined
      if (namespaceLabels['istio-injection'] === 'enabled') return 'istio-injection'
      return namespaceLabels['istio.io/rev'] === undefined ? undefined : 'istio.io/rev'
    },
    prefixes: [
      'sidecar.istio.io/',
      'traffic.sidecar.istio.io/',
      'proxy.istio.io/',
      'inject.istio.io/',
      'status.sidecar.istio.io/',
      'readiness.status.sidecar.istio.io/',
    ],
    sidecar: 'proxy',
    words: {
      proxyCPU: 'outrigger.resources.cpu',
      proxyCPULimit: 'outrigger.resources.cpuLimit',
      proxyMemory: 'outrigger.resources.memory',
      proxyMemoryLimit: 'outrigger.resources.memoryLimit',
      excludeInboundPorts: 'proxy.capture.excludeInboundPorts',
      excludeOutboundPorts: 'proxy.capture.excludeOutboundPorts',
    },
    silent: ['sidecar.istio.io/inject', 'sidecar.istio.io/status'],
  },
  {
    name: 'Linkerd',
    asks: ({ annotations, namespaceAnnotations }) => {
      const value = annotations['linkerd.io/inject'] ?? namespaceAnnotations['linkerd.io/inject']
      return value === 'enabled' || value === 'ingress' ? 'linkerd.io/inject' : undefined
    },
    prefixes: ['config.linkerd.io/', 'config.alpha.linkerd.io/'],
    sidecar: 'proxy',
    words: {
      ...Object.fromEntries(Object.entries(RESOURCES).map(([key, word]) => [key, `outrigger.${word}`])),
      'skip-inbound-ports': 'proxy.capture.excludeInboundPorts',
      'skip-outbound-ports': 'proxy.capture.excludeOutboundPorts',
    },
    silent: [],
  },
  {
    name: 'Dapr',
    asks: ({ annotations }) => (isTrue(annotations['dapr.io/enabled']) ? 'dapr.io/enabled' : undefined),
    prefixes: ['dapr.io/'],
    sidecar: 'dapr',
    words: {
      'sidecar-cpu-request': 'dapr.resources.cpu',
      'sidecar-cpu-limit': 'dapr.resources.cpuLimit',
      'sidecar-memory-request': 'dapr.resources.memory',
      'sidecar-memory-limit': 'dapr.resources.memoryLimit',
    },
    silent: ['dapr.io/enabled'],
  },
  {
    name: 'the Vault Agent Injector',
    asks: ({ annotations }) =>
      isTrue(annotations['vault.hashicorp.com/agent-inject'])
        ? 'vault.hashicorp.com/agent-inject'
        : undefined,
    prefixes: ['vault.hashicorp.com/'],
    sidecar: 'vault-agent',
    words: {
      service: 'vault-agent.address',
      namespace: 'vault-agent.vaultNamespace',
      'secret-volume-path': 'vault-agent.path',
      'template-static-secret-render-interval': 'vault-agent.interval',
      'agent-requests-cpu': 'vault-agent.resources.cpu',
      'agent-limits-cpu': 'vault-agent.resources.cpuLimit',
      'agent-requests-mem': 'vault-agent.resources.memory',
      'agent-limits-mem': 'vault-agent.resources.memoryLimit',
    },
    silent: ['vault.hashicorp.com/agent-inject', 'vault.hashicorp.com/agent-inject-status'],
  },
  {
    name: 'the OpenTelemetry operator',
    asks: ({ annotations, namespaceAnnotations }) => {
      const key = 'sidecar.opentelemetry.io/inject'
      const value = annotations[key] ?? namespaceAnnotations[key]
      return typeof value === 'string' && value !== '' && value !== 'false' ? key : undefined
    },
    prefixes: ['sidecar.opentelemetry.io/', 'instrumentation.opentelemetry.io/'],
    sidecar: 'otel-collector',
    words: {},
    silent: ['sidecar.opentelemetry.io/inject'],
  },
]

/** As Go's strconv.ParseBool reads it, which these injectors use. */
function isTrue(value: unknown): boolean {
  return typeof value === 'string' && /^(?:1|t|T|true|TRUE|True)$/.test(value)
}

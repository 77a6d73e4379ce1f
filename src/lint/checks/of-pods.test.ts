import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { linted } from '../lint-fake.ts'

const web = { name: 'web', image: 'mycompany/web:2.1' }
const pod = (spec: object, metadata: object = {}) =>
  stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', ...metadata }, spec })
const beside = (sidecar: object, app: object = {}, more: object = {}) =>
  pod({ containers: [{ ...web, ...app }, sidecar], ...more })
const restricted = {
  securityContext: {
    ...{ allowPrivilegeEscalation: false, runAsNonRoot: true },
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
}
const envoy = { name: 'envoy', image: 'envoyproxy/envoy:v1.34.1' }
const istio = { name: 'istio-proxy', image: 'istio/proxyv2:1.25.0' }
const fluentBit = { name: 'fluent-bit', image: 'fluent/fluent-bit:4.0.3' }
const mount = (name: string) => ({ volumeMounts: [{ name, mountPath: `/${name}` }] })

const cases: readonly (readonly [check: string, what: string, manifest: string, found: string[]])[] = [
  ['SC018', 'a note where the application is not restricted either', beside(fluentBit), ['info']],
  ['SC018', 'a warning where the sidecar alone is not', beside(fluentBit, restricted), ['warning']],
  ['SC018', 'nothing on Windows', beside(fluentBit, {}, { os: { name: 'windows' } }), []],
  [
    'SC018',
    'capabilities that are added to none',
    beside(
      {
        ...fluentBit,
        securityContext: {
          ...restricted.securityContext,
          capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
        },
      },
      restricted,
    ),
    ['warning'],
  ],
  [
    'SC018',
    'no port below 1024',
    beside({
      ...fluentBit,
      securityContext: {
        ...restricted.securityContext,
        capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
      },
    }),
    [],
  ],
  [
    'SC020',
    'a Secret of the application in a projected volume',
    beside({ ...fluentBit, ...mount('all') }, mount('database'), {
      volumes: [
        { name: 'all', projected: { sources: [{ secret: { name: 'db' } }] } },
        { name: 'database', secret: { secretName: 'db' } },
      ],
    }),
    ['warning'],
  ],
  ['SC024', 'no Envoy that a mesh stands beside', pod({ containers: [web, envoy, istio] }), []],
  [
    'SC024',
    'two proxies of meshes',
    pod({ containers: [web, istio, { name: 'linkerd-proxy', image: 'cr.l5d.io/linkerd/proxy:edge-1' }] }),
    ['error'],
  ],
  [
    'SC024',
    'no mesh that a label switches off against its annotation',
    pod(
      { containers: [web] },
      {
        labels: { 'sidecar.istio.io/inject': 'false', 'istio.io/rev': 'canary' },
        annotations: { 'sidecar.istio.io/inject': 'true', 'linkerd.io/inject': 'enabled' },
      },
    ),
    [],
  ],
  ['SC025', 'no mirror', beside({ ...istio, image: 'registry.example.com/mirror/proxyv2:1.25.0' }), []],
  ['SC025', 'no build of its own', beside({ ...istio, image: 'team/proxyv2-fips:1.25.0' }), []],
  ['SC025', 'no other name of the image', beside({ name: 'daprd', image: 'daprio/dapr:1.15.0' }), []],
  ['SC025', 'another program', beside({ name: 'vault-agent', image: 'team/tunnel:1' }), ['warning']],
  [
    'SC026',
    'a Vault Agent that is said to be there',
    pod({ containers: [web] }, { annotations: { 'vault.hashicorp.com/agent-inject-status': 'injected' } }),
    ['error'],
  ],
  [
    'SC026',
    'no Vault Agent that has run before the application',
    pod(
      { containers: [web], initContainers: [{ name: 'vault-agent-init', image: 'hashicorp/vault:1.19' }] },
      { annotations: { 'vault.hashicorp.com/agent-inject-status': 'injected' } },
    ),
    [],
  ],
  [
    'SC027',
    'the peak of an init container after a sidecar',
    pod({
      resources: { requests: { cpu: '1' } },
      initContainers: [
        { ...envoy, restartPolicy: 'Always', resources: { requests: { cpu: '100m' } } },
        { name: 'migrate', image: 'mycompany/web:2.1', resources: { requests: { cpu: '1' } } },
      ],
      containers: [web],
    }),
    ['error'],
  ],
  [
    'SC027',
    'no pod whose own resources hold all',
    pod({
      resources: { requests: { cpu: '300m' } },
      containers: [
        { ...web, resources: { requests: { cpu: '100m' } } },
        { ...envoy, resources: { requests: { cpu: '200m' } } },
      ],
    }),
    [],
  ],
]

describe('checks of pods', () => {
  for (const [check, what, manifest, wanted] of cases)
    it(`${check} finds ${what}`, () => {
      const found = linted(manifest).findings.filter(each => each.check === check)
      assert.deepEqual(
        found.map(({ severity }) => severity),
        wanted,
        found.map(({ message }) => message).join('\n'),
      )
    })
})

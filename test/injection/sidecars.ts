// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of entries are written so
// A catalogue for the laws: made up, so that every kind of addition occurs, and stays as it is when the real one grows.
import type { Catalogue, Found } from '../../src/injection/catalogue/catalogue.ts'
import type { Entry } from '../../src/injection/catalogue/entry.ts'
import type { Json } from '../../src/manifests/json.ts'
import { sha256 } from '../../src/wire/sha256/sha256.ts'

const RESOURCES = { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '200m', memory: '128Mi' } }
const SECURITY = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 10001,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
}

export function entry(name: string, given: Partial<Entry> = {}): Entry {
  const made = {
    name,
    version: '1.0.0',
    purpose: `is ${name}`,
    owner: 'nobody',
    required: false,
    order: 50,
    requires: [],
    conflicts: [],
    replaces: [],
    aliases: {},
    parameters: {},
    containers: [{ form: 'auto', container: container(name) }],
    initContainers: [],
    volumes: [],
    shared: [],
    files: [],
    application: [],
    pod: {},
    waivers: [],
    ...given,
  } satisfies Omit<Entry, 'hash'>
  return { ...made, hash: given.hash ?? `sha256:${sha256(JSON.stringify(made))}` }
}

export function container(name: string, given: Record<string, Json> = {}) {
  return { name, image: `example/${name}:1.0`, resources: RESOURCES, securityContext: SECURITY, ...given }
}

export function catalogueOf(entries: readonly Entry[]): Catalogue {
  const find = (name: string, version?: string): Found => {
    for (const each of entries.toReversed()) {
      if (version !== undefined && !`${each.version}.`.startsWith(`${version}.`)) continue
      if (each.name === name) return { ok: true, entry: each, set: {} }
      if (Object.hasOwn(each.aliases, name)) return { ok: true, entry: each, set: each.aliases[name]!.set }
    }
    return { ok: false, message: `there is no ${name}` }
  }
  return { entries, find }
}

/** One container that does several things, with files, folders and data. */
export const logsAndProxy = entry('outrigger', {
  aliases: {
    logs: { about: 'ships logs', set: { modules: ['logs'] } },
    proxy: { about: 'carries requests', set: { modules: ['proxy'] } },
  },
  parameters: {
    modules: { type: 'array', items: { type: 'string' }, default: ['logs'] },
    'logs.path': { type: 'string', default: '/var/log/app', pattern: '^/' },
    'proxy.port': { type: 'integer', default: 15001 },
  },
  containers: [
    {
      form: 'auto',
      container: container('outrigger', {
        ports: [
          { name: 'admin', containerPort: 9901 },
          { $when: 'modules has proxy', name: 'proxy', containerPort: '${proxy.port}' },
        ],
        startupProbe: { httpGet: { path: '/readyz', port: 9901 }, periodSeconds: 1 },
        lifecycle: { postStart: { exec: { command: ['outrigger', 'run', '--wait-only', '--', 'true'] } } },
        env: [
          { name: 'MODULES', value: 'with ${modules}' },
          { name: 'APPLICATION', value: '${app.container}' },
        ],
        volumeMounts: [{ name: 'data', mountPath: '/var/lib/outrigger' }],
      }),
    },
  ],
  volumes: [{ name: 'data', emptyDir: { sizeLimit: '1Gi' } }],
  shared: [
    {
      $when: 'modules has logs',
      name: 'logs',
      path: '${logs.path}',
      sidecar: 'read',
      application: 'write',
      sizeLimit: '2Gi',
    } as unknown as Entry['shared'][number],
  ],
  files: [
    {
      path: '/etc/outrigger/outrigger.yaml',
      format: 'yaml',
      content: { logs: { $when: 'modules has logs', path: '${logs.path}' }, app: '${app.container}' },
    },
  ],
  application: [
    { containers: 'all', env: [{ name: 'OUTRIGGER', value: '127.0.0.1:9901' }], volumeMounts: [] },
  ],
})

/** Secrets before the application: an init container, and mounts in all of it. */
export const secrets = entry('secrets', {
  order: 20,
  containers: [
    { form: 'native', container: container('secrets-agent', { volumeMounts: mount('secrets', '/secrets') }) },
  ],
  initContainers: [
    { form: 'native', container: container('secrets-init', { volumeMounts: mount('secrets', '/secrets') }) },
  ],
  volumes: [
    { name: 'secrets', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    {
      name: 'token',
      projected: {
        sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 3600 } }],
      },
    },
  ],
  application: [
    {
      containers: 'all',
      env: [],
      volumeMounts: [{ name: 'secrets', mountPath: '/var/run/secrets/app', readOnly: true }],
    },
  ],
  pod: {
    labels: { 'example.com/secrets': 'true' },
    annotations: { 'example.com/agent': 'yes' },
    imagePullSecrets: [{ name: 'registry' }],
    fsGroup: 2000,
  },
})

/** Always beside the application, whatever the cluster. */
export const exporter = entry('exporter', {
  containers: [{ form: 'classic', container: container('exporter', { ports: [{ containerPort: 9102 }] }) }],
})

export const sidecars = catalogueOf([exporter, logsAndProxy, secrets])

function mount(name: string, mountPath: string): Json {
  return [{ name, mountPath }]
}

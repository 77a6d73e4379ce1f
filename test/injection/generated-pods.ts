// Pods as people, tools and webhooks write them: every optional part absent, empty, null or full, fields that no
// schema of ours knows, names of all lengths.
import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/manifests/json.ts'

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,12}[a-z0-9])?$/)
const variable = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,10}$/)
const folder = fc.constantFrom(
  '/',
  '/var',
  '/var/log',
  '/var/log/app',
  '/var/log/app/',
  '/var/log/application',
  '/data',
  '/tmp',
  '/var/log/app/deep',
)
const key = fc.oneof(
  fc.stringMatching(/^[a-z]{1,8}\.io\/[a-zA-Z][-a-zA-Z0-9_.]{0,10}[a-z0-9]$/),
  fc.constantFrom(
    'constructor',
    'valueOf',
    'toString',
    'prometheus.io/scrape',
    'a',
    'kubectl.kubernetes.io/restartedAt',
  ),
)
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constant('{"a":[1]}'),
)
const quantity = fc.constantFrom('10m', '100m', '0.5', '1', '64Mi', '1Gi', '1e3', '128974848')

/** Without the member, with null, or with a value: as a manifest may have any optional field. */
function maybe<T>(key: string, value: fc.Arbitrary<T>): fc.Arbitrary<JsonObject> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.constant({ [key]: null }) },
    { weight: 4, arbitrary: value.map(each => ({ [key]: each as Json })) },
  )
}

function mappingOf(...parts: readonly fc.Arbitrary<JsonObject>[]): fc.Arbitrary<JsonObject> {
  return fc.tuple(...parts).map(members => Object.assign({}, ...members) as JsonObject)
}

const resources = mappingOf(
  maybe('requests', fc.record({ cpu: quantity, memory: quantity }, { requiredKeys: [] })),
  maybe('limits', fc.record({ cpu: quantity, memory: quantity }, { requiredKeys: [] })),
)

const probe = fc.record({
  httpGet: fc.record({ path: fc.constant('/'), port: fc.constantFrom<Json>(8080, 'http') }),
})

function containerNamed(name: string, volumes: readonly string[]): fc.Arbitrary<JsonObject> {
  const mount =
    volumes.length === 0
      ? undefined
      : mappingOf(
          fc.record({ name: fc.constantFrom(...volumes), mountPath: folder }) as fc.Arbitrary<JsonObject>,
          maybe('readOnly', fc.boolean()),
          maybe('subPath', fc.constantFrom('', 'logs', 'a/b')),
        )
  const mounts: fc.Arbitrary<JsonObject[]> =
    mount === undefined
      ? fc.constant<JsonObject[]>([])
      : fc.uniqueArray(mount, { maxLength: 3, selector: each => each['mountPath'] })
  return mappingOf(
    fc.constant({ name }),
    maybe('image', fc.constantFrom('nginx', 'registry.example/team/app:1.2@sha256:00', 'app:v1')),
    maybe('volumeMounts', mounts),
    maybe(
      'env',
      fc.array(
        fc.oneof(
          fc.record({ name: fc.oneof(variable, fc.constant('OUTRIGGER')), value: text }),
          fc.record({ name: variable, valueFrom: fc.constant({ fieldRef: { fieldPath: 'metadata.name' } }) }),
        ),
        { maxLength: 4 },
      ),
    ),
    maybe(
      'ports',
      fc.uniqueArray(fc.record({ containerPort: fc.integer({ min: 1000, max: 9000 }) }), {
        maxLength: 3,
        selector: each => each.containerPort,
      }),
    ),
    maybe('resources', resources),
    maybe('args', fc.array(text, { maxLength: 3 })),
    maybe(
      'securityContext',
      fc.constantFrom<Json>({}, { runAsUser: 1000 }, { readOnlyRootFilesystem: true }),
    ),
    maybe('imagePullPolicy', fc.constantFrom('Always', 'IfNotPresent')),
  )
}

function volumeNamed(name: string): fc.Arbitrary<JsonObject> {
  return fc
    .constantFrom<Json>(
      { emptyDir: {} },
      { emptyDir: null },
      { emptyDir: { sizeLimit: '1Gi', medium: 'Memory' } },
      { configMap: { name: 'config', items: [{ key: 'a', path: 'a' }] } },
      { persistentVolumeClaim: { claimName: 'claim' } },
      { secret: { secretName: 'secret', defaultMode: 256 } },
      { csi: { driver: 'x.io', volumeAttributes: { a: 'b' } } },
    )
    .map(source => ({ name, ...(source as JsonObject) }))
}

/** The spec of a pod that an API server takes. */
const spec: fc.Arbitrary<JsonObject> = fc
  .record({
    names: fc.uniqueArray(label, { minLength: 6, maxLength: 6 }),
    apps: fc.integer({ min: 1, max: 3 }),
    inits: fc.integer({ min: 0, max: 3 }),
    volumes: fc.uniqueArray(
      fc.oneof(label, fc.constantFrom('logs', 'data', 'logs-outrigger', 'outrigger-files', 'secrets')),
      { maxLength: 4 },
    ),
    staying: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  })
  .chain(({ names, apps, inits, volumes, staying }) => {
    const containers = fc.tuple(...names.slice(0, apps).map(name => withProbe(containerNamed(name, volumes))))
    const initContainers = fc.tuple(
      ...names.slice(3, 3 + inits).map((name, index) => {
        const plain = containerNamed(name, volumes)
        return staying[index] ? withProbe(plain).map(each => ({ ...each, restartPolicy: 'Always' })) : plain
      }),
    )
    return mappingOf(
      containers.map(items => ({ containers: items })),
      inits === 0
        ? fc.constantFrom<JsonObject>({}, { initContainers: [] }, { initContainers: null })
        : initContainers.map(items => ({ initContainers: items })),
      volumes.length === 0
        ? fc.constantFrom<JsonObject>({}, { volumes: [] }, { volumes: null })
        : fc.tuple(...volumes.map(volumeNamed)).map(items => ({ volumes: items })),
      maybe(
        'imagePullSecrets',
        fc.uniqueArray(fc.constantFrom({ name: 'registry' }, { name: 'other' }), {
          maxLength: 2,
          selector: each => each.name,
        }),
      ),
      maybe(
        'securityContext',
        fc.constantFrom<Json>({}, { fsGroup: 1 }, { runAsNonRoot: true }, { fsGroup: null }),
      ),
      maybe('serviceAccountName', label),
      maybe('restartPolicy', fc.constantFrom('Always', 'Never', 'OnFailure')),
      maybe('nodeSelector', fc.dictionary(key, label, { maxKeys: 2 })),
      maybe('terminationGracePeriodSeconds', fc.integer({ min: 0, max: 100 })),
      maybe('tolerations', fc.constant([{ operator: 'Exists' }])),
    )
  })

function withProbe(container: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return mappingOf(
    container,
    maybe('readinessProbe', probe),
    maybe('lifecycle', fc.constant({ preStop: { sleep: { seconds: 5 } } })),
  )
}

const wishes = fc.constantFrom(
  'outrigger',
  'logs',
  'logs,proxy',
  'proxy',
  'secrets',
  'logs,secrets',
  'exporter,logs,proxy,secrets',
  'secrets,exporter',
  'outrigger@1, exporter',
)

/** Metadata with a wish in it, unless the whole is left out. */
const metadata: fc.Arbitrary<JsonObject> = fc
  .tuple(
    wishes,
    fc.dictionary(key, text, { maxKeys: 4 }),
    fc.constantFrom<JsonObject>(
      {},
      { 'outrigger.dev/logs.path': '/data/logs' },
      { 'outrigger.dev/outrigger.logs.path': '/var/log/app/deep/er' },
      { 'outrigger.dev/lint-ignore.SC001': 'known' },
    ),
    maybe('labels', fc.dictionary(key, label, { maxKeys: 3 })),
    maybe('name', label),
    maybe('creationTimestamp', fc.constant('2026-01-01T00:00:00Z')),
  )
  .map(
    ([inject, others, settings, ...rest]) =>
      Object.assign(
        { annotations: { ...others, 'outrigger.dev/inject': inject, ...settings } },
        ...rest,
      ) as JsonObject,
  )

/** A pod template that is taken by an API server and asks for sidecars. */
export const askingTemplate: fc.Arbitrary<JsonObject> = fc.record({
  metadata,
  spec,
}) as fc.Arbitrary<JsonObject>

/** A pod template without metadata of any use, for callers that ask. */
export const bareTemplate: fc.Arbitrary<JsonObject> = mappingOf(
  spec.map(each => ({ spec: each })),
  fc.constantFrom<JsonObject>(
    {},
    { metadata: null },
    { metadata: {} },
    { metadata: { annotations: null } },
    { metadata: { annotations: {}, labels: null } },
    { metadata: { labels: {} } },
  ),
)

const KINDS: readonly ((template: JsonObject) => JsonObject)[] = [
  template => ({ apiVersion: 'v1', kind: 'Pod', ...template }),
  template => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { replicas: 2, template },
  }),
  template => ({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'd' }, spec: { template } }),
  template => ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'j' }, spec: { template } }),
  template => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'c' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: { template } } },
  }),
  template => ({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Service', spec: {} },
      { apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 's' }, spec: { template } },
    ],
  }),
]

/** In each kind of workload. */
export function documentOf(template: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return fc
    .tuple(template, fc.constantFrom(...KINDS))
    .map(([each, kind]) => JSON.parse(JSON.stringify(kind(each))) as JsonObject)
}

/** The document with a field that no schema knows in one of its mappings. */
export function withUnknownField(document: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject> {
  return fc.tuple(document, unknownField, fc.nat()).map(([value, field, where]) => {
    let left = where % countMappings(value)
    const walk = (each: Json): Json => {
      if (Array.isArray(each)) return each.map(walk)
      if (typeof each !== 'object' || each === null) return each
      const added = left-- === 0 ? field : {}
      return {
        ...Object.fromEntries(Object.entries(each).map(([name, member]) => [name, walk(member)])),
        ...added,
      }
    }
    return walk(value) as JsonObject
  })
}

function countMappings(value: Json): number {
  if (typeof value !== 'object' || value === null) return 0
  return (
    (Array.isArray(value) ? 0 : 1) +
    Object.values(value).reduce((sum: number, each) => sum + countMappings(each as Json), 0)
  )
}

/** A field that no schema knows yet. */
const unknownField: fc.Arbitrary<JsonObject> = fc.record({
  futureField: fc.oneof(
    fc.constant(null),
    text,
    fc.dictionary(
      fc.string({ maxLength: 5 }),
      fc.json().map(each => JSON.parse(each) as Json),
      { maxKeys: 2 },
    ),
  ),
}) as fc.Arbitrary<JsonObject>

/** Anything at all where a pod should be: no injector may stumble over it. */
export function hostile(documents: fc.Arbitrary<JsonObject>): fc.Arbitrary<Json> {
  return fc
    .tuple(documents, edits)
    .map(([document, all]) =>
      all.reduce<Json>((value, [where, replacement]) => replaceAt(value, where, replacement), document),
    )
}

const edits = fc.array(
  fc.tuple(
    fc.nat(),
    fc.oneof<fc.Arbitrary<Json>[]>(
      fc.constantFrom<Json>(
        null,
        true,
        0,
        -1,
        1e308,
        '',
        'x',
        [],
        {},
        [null],
        [[]],
        [{}],
        { name: 1 },
        '__proto__',
        { ['__proto__']: { a: 1 } },
        'a'.repeat(5000),
      ),
      fc.json().map(each => JSON.parse(each) as Json),
    ),
  ),
  { minLength: 1, maxLength: 4 },
)

/** The value with its n-th place (in order of a walk) replaced. */
export function replaceAt(value: Json, where: number, replacement: Json): Json {
  let left = where % Math.max(1, countPlaces(value))
  const walk = (each: Json): Json => {
    if (left-- === 0) return replacement
    if (Array.isArray(each)) return each.map(walk)
    if (typeof each !== 'object' || each === null) return each
    return Object.fromEntries(Object.entries(each).map(([name, member]) => [name, walk(member)]))
  }
  return walk(value)
}

function countPlaces(value: Json): number {
  if (typeof value !== 'object' || value === null) return 1
  return 1 + Object.values(value).reduce((sum: number, each) => sum + countPlaces(each as Json), 0)
}

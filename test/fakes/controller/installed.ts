import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { KubernetesClient } from '../../../src/backends/kubernetes/client.ts'
import {
  type KubernetesObject,
  RESOURCES,
  type ResourceType,
} from '../../../src/backends/kubernetes/resources.ts'
import { BUILT_IN, readSources } from '../../../src/cli/catalogue.ts'
import { loadController } from '../../../src/cli/controller.ts'
import { fakeIo } from '../../../src/cli/io-fake.ts'
import { readCatalogue } from '../../../src/injection/catalogue/read.ts'
import { installObjects } from '../../../src/injection/install/install.ts'
import { DEFAULT_INSTALL, type InstallOptions, NAME } from '../../../src/injection/install/options.ts'
import { requiredNames } from '../../../src/injection/kubernetes/selection.ts'
import { systemClock } from '../../../src/kernel/clock/system.ts'
import { deadlineIn } from '../../../src/kernel/lifecycle/deadline.ts'
import { Sidecar } from '../../../src/kernel/lifecycle/sidecar.ts'
import { Logger } from '../../../src/kernel/log/logger.ts'
import type { LogRecord } from '../../../src/kernel/log/record.ts'
import type { JsonObject } from '../../../src/manifests/json.ts'
import { clientOf } from '../apiserver/connected.ts'
import { ApiServer } from '../apiserver/server.ts'

const NAMESPACE = 'outrigger-system'

/** An entry that pods must not start without. */
export const GUARD = `apiVersion: outrigger.dev/v1
kind: Sidecar
name: guard
version: 1.0.0
purpose: For tests.
owner: tests
required: true
containers:
  - container:
      name: guard
      image: example/guard:1.0.0
      resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { cpu: 100m, memory: 32Mi } }
      startupProbe: { tcpSocket: { port: 9999 } }
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        capabilities: { drop: [ALL] }
        seccompProfile: { type: RuntimeDefault }
`

/** A cluster with what `outrigger install` prints in it, and a controller that runs as its service account. */
export interface Installed extends AsyncDisposable {
  readonly api: ApiServer
  /** May do anything. */
  readonly admin: KubernetesClient
  readonly objects: readonly JsonObject[]
  /** Of all controllers. */
  readonly records: readonly LogRecord[]
  /** The folder that is mounted as the catalogue. */
  readonly catalogue: string
  /** One more replica. */
  start(): Promise<Replica>
}

export interface Replica {
  readonly sidecar: Sidecar
  /** Of the webhook. */
  readonly port: number
  metric(name: string, labels?: Readonly<Record<string, string>>): number
  stop(): Promise<void>
}

export async function installed(
  more: Partial<InstallOptions> = {},
  { watchdog = {}, injection = {} }: { readonly watchdog?: object; readonly injection?: object } = {},
): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-installed-'))
  const catalogue = join(folder, 'catalog')
  const name = `${NAME}.${NAMESPACE}.svc`
  const files = [...(await readSources([BUILT_IN], fakeIo())).files, { name: 'guard.yaml', text: GUARD }].map(
    ({ name, text }) => ({
      name: name.split('/').at(-1)!,
      text,
    }),
  )
  const replicas: Replica[] = []
  const records: LogRecord[] = []
  const api = await ApiServer.start({
    namespaces: ['shop', NAMESPACE],
    services: host => {
      const [replica] = replicas
      return host === name && replica !== undefined ? { host: '127.0.0.1', port: replica.port } : undefined
    },
  })
  const admin = clientOf(api)
  const warnings: string[] = []
  const installer = clientOf(api, undefined, { onWarning: text => warnings.push(text) })
  const objects = installObjects({
    ...DEFAULT_INSTALL,
    image: 'outrigger/outrigger:0.1.0',
    // A machine that is busy is not a webhook that is away.
    timeoutSeconds: 30,
    catalogue: files,
    required: requiredNames(readCatalogue(files).catalogue),
    ...more,
  })
  for (const object of objects) await store(installer, object)
  installer.close()
  // Fields that an API server does not know.
  if (warnings.length > 0) throw new Error(warnings.join('\n'))
  const account = join(folder, 'account')
  await write(account, {
    token: api.tokenOf(NAMESPACE, NAME),
    'ca.crt': api.ca,
    namespace: NAMESPACE,
  })
  await write(catalogue, Object.fromEntries(files.map(({ name, text }) => [name, text])))
  const map = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && (metadata as JsonObject)['name'] === NAME,
  )!
  const configuration = parse((map['data'] as JsonObject)['controller.yaml'] as string)
  // What in a pod is fixed: ports, folders, times.
  configuration.admin = { listen: '127.0.0.1:0', public: '127.0.0.1:0' }
  configuration.cluster.serviceAccount = account
  configuration.watchdog = { ...configuration.watchdog, interval: '1s', grace: '0s', ...watchdog }
  Object.assign(configuration.injection, { linger: '0s', listen: '127.0.0.1:0', ...injection })
  await write(folder, { 'controller.yaml': stringify(configuration) })

  async function start(): Promise<Replica> {
    const logger = new Logger({ write: () => {}, format: () => '', clock: systemClock() })
    const own: LogRecord[] = []
    const clock = systemClock()
    const env = {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: api.url.port,
      POD_NAME: `controller-${replicas.length}`,
    }
    const values = {
      config: [join(folder, 'controller.yaml')],
      catalog: [catalogue],
    }
    const sidecar = new Sidecar({
      ...{ logger, clock, env, version: 'test', onQuit: () => {} },
      load: () => loadController({ values, io: fakeIo({ cwd: folder, env }) }),
    })
    const count = logger.onRecord
    logger.onRecord = (record, suppressed) => {
      count(record, suppressed)
      own.push(record)
      records.push(record)
    }
    const started = await sidecar.start()
    if (!started.ok) throw new Error(started.report)
    const said = own.find(({ module, event }) => module === 'injection' && event === 'listening')
    const replica: Replica = {
      sidecar,
      port: Number(String(said?.fields['address']).split(':')[1]),
      metric: (name, labels = {}) => {
        const family = sidecar.registry
          .collect()
          .find(each => name === each.name || name === `${each.name}_total`)
        const sample = family?.samples.find(each =>
          Object.entries(labels).every(([key, value]) =>
            each.labels.some(([k, v]) => k === key && v === value),
          ),
        )
        return sample?.value ?? 0
      },
      async stop() {
        const at = replicas.indexOf(replica)
        if (at < 0) return
        replicas.splice(at, 1)
        using deadline = deadlineIn(clock, 5000)
        await sidecar.stop(deadline)
        logger.flush()
      },
    }
    await until(() => sidecar.health().ready, 'the controller is ready')
    replicas.push(replica)
    await until(async () => {
      const found = [RESOURCES.mutatingWebhooks, RESOURCES.validatingWebhooks].map(type =>
        admin.find(type, { name: NAME }),
      )
      const webhooks = (await Promise.all(found)).flatMap(
        object => (object?.['webhooks'] ?? []) as JsonObject[],
      )
      return webhooks.every(({ clientConfig }) => (clientConfig as JsonObject)['caBundle'] !== undefined)
    }, 'the webhooks trust the controller')
    return replica
  }

  return {
    ...{ api, admin, objects, records, catalogue, start },
    async [Symbol.asyncDispose]() {
      for (const replica of [...replicas]) await replica.stop()
      admin.close()
      await api[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true, maxRetries: 9 })
    },
  }
}

/** Waits for what comes by itself; the time only bounds a failure. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let left = 5000; left > 0; left--) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`waited too long until ${what}`)
}

const PLURALS: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' }

async function store(client: KubernetesClient, object: JsonObject): Promise<void> {
  const { apiVersion, kind, metadata } = object as { apiVersion: string; kind: string; metadata: JsonObject }
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  if (kind === 'Namespace' || group === 'cert-manager.io') return
  const resource = PLURALS[kind] ?? `${kind.toLowerCase()}s`
  const type: ResourceType = {
    group,
    version,
    kind,
    resource,
    namespaced: metadata['namespace'] !== undefined,
  }
  await client.create(type, object as KubernetesObject)
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

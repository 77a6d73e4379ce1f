import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { clientOf } from '../../../../test/fakes/apiserver/connected.ts'
import { findKind } from '../../../../test/fakes/apiserver/kinds.ts'
import { ApiServer } from '../../../../test/fakes/apiserver/server.ts'
import type { Tree } from '../../../../test/fakes/apiserver/tree.ts'
import { electLeader } from '../../../backends/kubernetes/leader.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import { FakeClock } from '../../../kernel/clock/fake.ts'
import { MemoryLog } from '../../../kernel/log/memory.ts'
import { Registry } from '../../../kernel/metrics/registry.ts'
import { Duties } from '../cluster/duties.ts'
import { certificatesOf } from './authority-state.ts'
import { type WebhookCertificates, webhookCertificates } from './webhook-certificates.ts'

export const NAMESPACE = 'outrigger-system'
export const SECRET = 'outrigger-webhook'
export const HOST = `outrigger-controller.${NAMESPACE}.svc`
const NAME = 'outrigger-controller'
/** Authorities are backdated by an hour. */
const REAL_WITHIN_MS = 30 * 60_000
const HOUR_MS = 3600_000
/** So that a test sees days pass in seconds: an authority lives nine days, a certificate one. */
export const TIMES = { authorityMs: 9 * 24 * HOUR_MS, settleMs: 60_000, leafMs: 24 * HOUR_MS }

/** A cluster for tests: an API server that asks our webhook, the replicas behind it, and time turned by hand. */
export class TestCluster implements AsyncDisposable {
  readonly clock = new FakeClock(Date.now())
  readonly log = new MemoryLog('test', () => this.clock.now())
  readonly api: ApiServer
  readonly #startMs: number
  readonly #server: Server
  readonly #replicas = new Set<Replica>()
  /** Whose certificate is shown to the API server. */
  #shown: WebhookCertificates | undefined

  static async start(): Promise<TestCluster> {
    const server = createServer((request, response) => {
      let text = ''
      request.on('data', part => (text += part))
      request.on('end', () => {
        const { uid } = JSON.parse(text).request
        const review = {
          apiVersion: 'admission.k8s.io/v1',
          kind: 'AdmissionReview',
          response: { uid, allowed: true },
        }
        response.end(JSON.stringify(review))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    let nowMs = (): number => 0
    const { port } = server.address() as AddressInfo
    const api = await ApiServer.start({
      namespaces: [NAMESPACE],
      now: () => nowMs(),
      services: host => (host === HOST ? { host: '127.0.0.1', port } : undefined),
    })
    const cluster = new TestCluster(api, server)
    nowMs = () => cluster.serverNow()
    await cluster.install()
    return cluster
  }

  private constructor(api: ApiServer, server: Server) {
    this.api = api
    this.#server = server
    this.#startMs = this.clock.now()
  }

  /** The API server's time: jumps of the replicas' clocks do not reach it. */
  serverNow(): number {
    return this.#startMs + this.clock.monotonic()
  }

  /** What `outrigger install` makes, without a caBundle; also when it is there. */
  async install(): Promise<void> {
    const { mutatingWebhooks: type } = RESOURCES
    const admin = clientOf(this.api)
    const clientConfig = { service: { name: NAME, namespace: NAMESPACE, path: '/mutate' } }
    const webhook = (name: string, config: Tree) => ({
      name,
      clientConfig: config,
      rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    })
    const metadata = { name: NAME }
    const foreign = {
      ...webhook('elsewhere.example.com', { url: 'https://127.0.0.1:1/' }),
      failurePolicy: 'Ignore',
    }
    const webhooks = [foreign, webhook('pods.outrigger.dev', clientConfig)]
    if (await admin.find(type, { name: NAME })) await admin.replace(type, { metadata, webhooks })
    else await admin.create(type, { metadata, webhooks })
    admin.close()
  }

  /** A replica of the controller with all that it does about certificates. */
  replica(identity: string): Replica {
    const { api, clock, log } = this
    const client = Object.assign(clientOf(api), { serverNow: () => this.serverNow() })
    const duties = new Duties()
    const registry = new Registry()
    const certificates = webhookCertificates({
      ...{ client, clock, log, namespace: NAMESPACE, secret: SECRET, names: [HOST], configuration: NAME },
      metrics: registry.view('test'),
      whileLeading: duty => duties.add(duty),
      times: TIMES,
    })
    const election = electLeader({
      ...{ client, clock, log, identity, namespace: NAMESPACE, name: NAME },
      lead: term => duties.lead(term),
    })
    let ended: Promise<void> | undefined
    const end = async () => {
      this.#replicas.delete(replica)
      const gone = Promise.all([certificates[Symbol.asyncDispose](), election[Symbol.asyncDispose]()])
      let done = false
      const after = gone.then(() => (done = true))
      while (!done) await this.#tick()
      await after
      client.close()
    }
    const replica: Replica = {
      certificates,
      get leading() {
        return election.leading
      },
      end: () => (ended ??= end()),
      kill: () => {
        client.close()
        return (ended ??= end())
      },
    }
    this.#replicas.add(replica)
    return replica
  }

  /** API servers reach this replica from now on. */
  show(replica: Replica): void {
    this.#shown = replica.certificates
  }

  /**
   * Whether the API server believes the webhook: its certificate is for the host, good at the server's time, and of an
   * authority in the caBundle. While the simulated time is that of the machine, the server really asks as well.
   */
  async admits(): Promise<boolean> {
    const now = this.#shown?.current()
    if (now === undefined) return false
    const atMs = this.serverNow()
    const isGood = ({ validFromDate, validToDate }: X509Certificate) =>
      validFromDate.getTime() <= atMs && atMs < validToDate.getTime()
    const leaf = new X509Certificate(now.chain)
    const authorities = certificatesOf((await this.bundles())[1] ?? '').map(pem => new X509Certificate(pem))
    const issued = authorities.some(
      each => isGood(each) && leaf.checkIssued(each) && leaf.verify(each.publicKey),
    )
    if (!issued || !isGood(leaf) || leaf.checkHost(HOST) === undefined) return false
    return Math.abs(atMs - Date.now()) > REAL_WITHIN_MS || this.#asks(now)
  }

  async #asks({ chain, key }: { chain: string; key: string }): Promise<boolean> {
    this.#server.setSecureContext({ cert: chain, key })
    const admin = clientOf(this.api)
    try {
      await admin.create(
        RESOURCES.configMaps,
        { metadata: { name: 'x', namespace: 'default' } },
        { dryRun: true },
      )
      return true
    } catch {
      return false
    } finally {
      admin.close()
    }
  }

  /** The Secret's data, decoded. */
  async secret(): Promise<Readonly<Record<string, string>>> {
    const found = this.api.store.find(kindOf('secrets'), NAMESPACE, SECRET)
    const data = (found?.['data'] ?? {}) as Record<string, string>
    return Object.fromEntries(
      Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]),
    )
  }

  /** The caBundle of our webhook and of the other one. */
  async bundles(): Promise<readonly string[]> {
    const found = this.api.store.list(
      kindOf('mutatingwebhookconfigurations', 'admissionregistration.k8s.io'),
      '',
    )[0]!
    return found['webhooks'].map((each: Tree) =>
      Buffer.from(each['clientConfig'].caBundle ?? '', 'base64').toString(),
    )
  }

  /** Lets what is under way settle, with time going on slowly, until it is so. */
  async until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const untilMs = this.clock.monotonic() + 10 * 60_000
    while (!(await holds())) {
      if (this.clock.monotonic() > untilMs) throw new Error(`it did not come about that ${what}`)
      await this.#tick()
    }
  }

  /** Time goes on in leaps; after each the replicas have half a minute to find a leader and to do their work. */
  async pass(ms: number, leapMs: number, holds?: () => Promise<void>): Promise<void> {
    for (let passed = 0; passed < ms; passed += leapMs) {
      this.clock.advance(leapMs)
      for (let second = 0; second < 30; second++) {
        this.clock.advance(1_000)
        await pause(1)
      }
      await holds?.()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#replicas].map(each => each.end()))
    await this.api[Symbol.asyncDispose]()
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #tick(): Promise<void> {
    this.clock.advance(200)
    await pause(2)
  }
}

export interface Replica {
  readonly certificates: WebhookCertificates
  readonly leading: boolean
  /** As SIGTERM does. */
  end(): Promise<void>
  /** As SIGKILL does: nothing that it would still say arrives. */
  kill(): Promise<void>
}

function kindOf(resource: string, group = '') {
  return findKind(group, 'v1', resource)!
}

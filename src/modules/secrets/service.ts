import { entryNames } from '../../kernel/config/entry-names.ts'
import type { Health, Host } from '../../kernel/module.ts'
import type { SecretOffer } from '../../kernel/secret-offer.ts'
import type { SecretsConfig } from './config.ts'
import type { Delivery } from './deliveries/delivery.ts'
import { type DeliveryConfig, openDelivery } from './deliveries/kinds.ts'
import type { Gateway, GatewayOptions } from './gateway/offer.ts'
import type { LastGood } from './last-good/last-good.ts'
import { createMeasures, type Measures } from './measures.ts'
import { createOffer } from './offer.ts'
import { Reactors } from './reactions/open-reactions.ts'
import { sameConfig } from './same-config.ts'
import { Secrets } from './secret/secrets.ts'
import { OpenSources } from './sources/open-sources.ts'
import { type SecretsStatus, statusOf } from './status.ts'
import { createTable } from './table.ts'
import { openContent } from './templates/open-content.ts'
import type { SecretTable } from './templates/rendition.ts'

interface OpenDelivery {
  readonly config: DeliveryConfig
  readonly delivery: Delivery
}

/** The module at work: what it is configured to hold and deliver, over reloads. */
export class SecretService implements AsyncDisposable {
  readonly table: SecretTable
  /** For leaves of the configuration. */
  readonly offer: SecretOffer
  readonly #host: Host
  readonly #measures: Measures
  /** Those of deliveries that are gone stay, and have nothing to do. */
  readonly #reactors: Reactors
  #config: SecretsConfig
  #sources!: OpenSources
  #secrets!: Secrets
  #lastGood: LastGood | undefined
  #deliveries: readonly OpenDelivery[] = []
  readonly #gateways = new Map<string, Promise<Gateway>>()

  private constructor(config: SecretsConfig, host: Host) {
    this.#config = config
    this.#host = host
    this.#measures = createMeasures(host.metrics)
    this.#reactors = new Reactors({
      clock: host.clock,
      log: host.log,
      signal: host.signal,
      supervision: host.supervision,
      scope: host.scope,
      env: host.env,
      random: Math.random,
      measures: this.#measures,
    })
    this.table = createTable({
      sources: () => this.#sources,
      secrets: () => this.#secrets,
      clock: host.clock,
      random: Math.random,
      signal: host.signal,
      intervalMs: () => this.#config.intervalMs,
      env: host.env,
    })
    this.offer = createOffer(this.table, () => this.#sources.names)
  }

  /** Rejects with a message for people. */
  static async open(config: SecretsConfig, host: Host): Promise<SecretService> {
    const service = new SecretService(config, host)
    host.scope.use(service)
    service.#sources = await service.#openSources(config)
    service.#lastGood = await service.#openLastGood(config)
    service.#secrets = service.#createSecrets(config)
    service.#measures.follow(() => service.#secrets)
    service.#deliveries = await service.#openDeliveries(config, [])
    for (const { delivery } of service.#deliveries) delivery.start()
    return service
  }

  get secrets(): Secrets {
    return this.#secrets
  }

  get sources(): OpenSources {
    return this.#sources
  }

  get deliveries(): readonly Delivery[] {
    return this.#deliveries.map(({ delivery }) => delivery)
  }

  /** Goes over to another configuration: what is the same in it goes on, with its leases. Rejects, and changes nothing. */
  async update(next: SecretsConfig): Promise<boolean> {
    if (!sameConfig(lasting(this.#config), lasting(next))) return false
    const before = { sources: this.#sources, deliveries: this.#deliveries }
    const sources = await this.#openSources(next, before.sources)
    this.#sources = sources
    let deliveries: readonly OpenDelivery[]
    try {
      deliveries = await this.#openDeliveries(
        next,
        sameSources(before.sources, sources) ? before.deliveries : [],
      )
    } catch (error) {
      this.#sources = before.sources
      await sources.close(before.sources)
      throw error
    }
    this.#config = next
    this.#deliveries = deliveries
    for (const each of before.deliveries)
      if (!deliveries.includes(each)) await each.delivery[Symbol.asyncDispose]()
    for (const each of deliveries) if (!before.deliveries.includes(each)) each.delivery.start()
    for (const source of await before.sources.close(sources)) this.#secrets.forget(source)
    return true
  }

  /** A proxy in front of the first source that is a Vault server; the same one for the same options. */
  gateway(options: GatewayOptions): Promise<Gateway> {
    const key = JSON.stringify(options)
    const known = this.#gateways.get(key)
    if (known !== undefined) return known
    const { clock, log, metrics, scope, signal } = this.#host
    const upstream = () =>
      [...this.#sources].find(({ source }) => source.upstream !== undefined)?.source.upstream
    const opened = import('./gateway/gateway.ts').then(({ openGateway }) =>
      openGateway(options, { clock, log, metrics, scope, signal, random: Math.random, upstream }),
    )
    this.#gateways.set(key, opened)
    return opened
  }

  /** Names, states and times; never a value. */
  status(): SecretsStatus {
    return statusOf(this.#sources, this.#secrets, this.deliveries, this.#host.clock.now())
  }

  health(): Health {
    const parts: Record<string, Health> = {}
    for (const { name, source } of this.#sources) parts[`source ${name}`] = source.health()
    for (const { delivery } of this.#deliveries) parts[`delivery ${delivery.name}`] = delivery.health()
    const entries = Object.entries(parts)
    const ready = this.#deliveries.every(({ delivery }) => delivery.isReady)
    const ill = entries.filter(([, { state }]) => state !== 'ok')
    const reaction = [...this.#reactors.all].find(({ problem }) => problem !== undefined)
    const [name, first] = ill[0] ?? []
    const message = first === undefined ? reaction?.problem : `${name}: ${first.message}`
    if (message === undefined) return { ready, state: 'ok', parts }
    return { ready, state: ready ? 'degraded' : 'failed', message, parts }
  }

  /** At the end: resolves once nothing is being written, and what has changed was told. */
  async finish(): Promise<void> {
    for (const { delivery } of this.#deliveries) await delivery.settled()
    for (const reactor of this.#reactors.all) await reactor.finish()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lastGood?.[Symbol.asyncDispose]()
    this.#reactors[Symbol.dispose]()
    for (const { delivery } of this.#deliveries) await delivery[Symbol.asyncDispose]()
    this.#secrets?.[Symbol.dispose]()
    await this.#sources?.close()
  }

  #openSources(config: SecretsConfig, before?: OpenSources): Promise<OpenSources> {
    const { clock, env, log, signal, slice, dataDir } = this.#host
    return OpenSources.open(
      config.sources,
      { clock, env, log, signal, slice, dataDir, random: Math.random, login: this.#measures.login },
      before,
    )
  }

  async #openLastGood({ lastGood }: SecretsConfig): Promise<LastGood | undefined> {
    if (lastGood === undefined) return undefined
    const { clock, log, env, dataDir } = this.#host
    const { LastGood } = await import('./last-good/last-good.ts')
    const { keyFile, keyVariable } = lastGood
    return await LastGood.open({
      clock,
      log,
      folder: await dataDir(),
      key:
        keyFile !== undefined
          ? { kind: 'file', path: keyFile }
          : { kind: 'variable', name: keyVariable!, value: env[keyVariable!] },
      held: () => this.#secrets.good(),
    })
  }

  #createSecrets({ intervalMs, renewAt, limits, startDegraded }: SecretsConfig): Secrets {
    const { clock, signal } = this.#host
    return new Secrets({
      clock,
      signal,
      random: Math.random,
      intervalMs,
      threshold: renewAt,
      maxSecrets: limits.secrets,
      maxRequests: limits.requests,
      kept: key => this.#lastGood?.get(key),
      trustsKept: startDegraded,
      onOutcome: (secret, what, failure) => {
        this.#measures.outcome(secret, what, failure)
        if (failure === undefined) this.#lastGood?.touch()
        if (failure !== undefined && secret.problem?.attempts === 1)
          this.#host.log.warn('secret_not_fetched', `${secret.name}: ${failure.message}`, {
            secret: secret.name,
            reason: failure.reason,
          })
      },
    })
  }

  async #openDeliveries(
    config: SecretsConfig,
    before: readonly OpenDelivery[],
  ): Promise<readonly OpenDelivery[]> {
    const names = entryNames(config.deliveries)
    const opened: OpenDelivery[] = []
    try {
      for (const [index, each] of config.deliveries.entries()) {
        const name = names[index]!
        const known = before.find(
          ({ delivery, config }) => delivery.name === name && sameConfig(config, each),
        )
        opened.push(known ?? (await this.#openDelivery(name, each)))
      }
    } catch (error) {
      for (const each of opened) if (!before.includes(each)) await each.delivery[Symbol.asyncDispose]()
      throw error
    }
    return opened
  }

  async #openDelivery(name: string, config: DeliveryConfig): Promise<OpenDelivery> {
    const { clock, dataDir, env, listen, log, metrics, scope, signal, supervision } = this.#host
    const reactor = 'onChange' in config.config ? await this.#reactors.for(config.config) : undefined
    const delivery = await openDelivery(name, config, {
      clock,
      dataDir,
      listen,
      log,
      metrics,
      signal,
      supervision,
      scope,
      table: this.table,
      random: Math.random,
      contentOf: (content, of) =>
        openContent(content, of, { sources: this.#sources.names, env, now: () => clock.now() }),
      tokensOf: source => this.#sources.find(source)?.source.tokens,
      sourceOf: source => this.#sources.find(source)?.source,
      gateway: options => this.gateway(options),
      changed: () => reactor?.trigger(name),
      measure: this.#measures,
    })
    return { config, delivery }
  }
}

/** What holds for all secrets: when it changes they begin anew. */
function lasting({ limits, intervalMs, renewAt, lastGood, startDegraded }: SecretsConfig): unknown {
  return { limits, intervalMs, renewAt, lastGood, startDegraded }
}

/** What contents mean by a name, and by none, is the same. */
function sameSources(before: OpenSources, after: OpenSources): boolean {
  const [left, right] = [[...before], [...after]]
  return left.length === right.length && left.every((each, index) => each === right[index])
}

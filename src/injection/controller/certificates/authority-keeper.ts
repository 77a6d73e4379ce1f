import { createAuthority, type Signer } from '../../../authority/root.ts'
import type { KubernetesClient } from '../../../backends/kubernetes/client.ts'
import { isConflict } from '../../../backends/kubernetes/error.ts'
import { type Informer, informer } from '../../../backends/kubernetes/informer.ts'
import type { Term } from '../../../backends/kubernetes/leader.ts'
import { RESOURCES, type ResourceType } from '../../../backends/kubernetes/resources.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import { type AuthorityState, certificatesOf, readState, stateData } from './authority-state.ts'
import { type ConfigurationTrust, trustOf, trustPatch } from './ca-bundle.ts'
import { nextStep, type RotationTimes } from './rotation.ts'

export interface AuthorityKeeperOptions {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly log: Log
  /** Of the Secret with the authority. */
  readonly namespace: string
  readonly secret: string
  /** Of the MutatingWebhookConfiguration and the ValidatingWebhookConfiguration. */
  readonly configuration: string
  /** `service.namespace.svc`: whose webhooks are ours. */
  readonly hosts: readonly string[]
  readonly times: RotationTimes
  /** What this replica has seen of the Secret last: it is put back when somebody deletes the Secret. */
  readonly lastKnown: () => AuthorityState | undefined
  /** Calls when the Secret has changed; the result ends it. */
  readonly onSecret: (call: () => void) => () => void
  /** A caBundle that was not ours any more has been mended. */
  readonly onMended: () => void
}

/** Of the certificate that says who signs; no SPIFFE identity of a workload is ever of this domain. */
export const TRUST_DOMAIN = 'webhook.outrigger'
const LOOK_EVERY_MS = 30_000
const RETRY_MS = 2_000
/** Clocks differ; those of API servers may be behind by so much. */
const BACKDATED_MS = 3600_000
/** A row of writes without an end would be a mistake of ours. */
const MAX_STEPS = 8

const CONFIGURATIONS = [RESOURCES.mutatingWebhooks, RESOURCES.validatingWebhooks]

/**
 * What the leader does for the certificates, until its term is over: makes and renews the authority in the Secret, and
 * keeps the caBundle of the webhooks as the Secret says. Every write may be the last: the next leader goes on from it.
 */
export async function keepAuthority(options: AuthorityKeeperOptions, term: Term): Promise<void> {
  const { client, clock, log, configuration } = options
  await using scope = new AsyncDisposableStack()
  const wake = new Wake()
  const configurations = CONFIGURATIONS.map(type => {
    const fieldSelector = `metadata.name=${configuration}`
    const trust = scope.use(informer({ client, clock, log, type, fieldSelector, project: trustOf }))
    trust.onChange(() => wake.up())
    return { type, trust }
  })
  scope.defer(options.onSecret(() => wake.up()))
  const keeper = new Keeper(options, term, configurations)
  let told = ''
  while (!term.signal.aborted) {
    const waitMs = await keeper.look().catch(error => {
      if (term.signal.aborted) return 0
      // Somebody else was faster, or a webhook configuration changed: look again.
      if (!isConflict(error) && error.message !== told) {
        told = error.message
        log.warn('authority_failed', "the webhook's authority cannot be looked after at present", { error })
      }
      return RETRY_MS
    })
    await wake.wait(clock, waitMs, term.signal)
  }
}

class Keeper {
  readonly #options: AuthorityKeeperOptions
  readonly #term: Term
  readonly #configurations: readonly { type: ResourceType; trust: Informer<ConfigurationTrust> }[]
  /** What all configurations have been seen to trust, and since when by `monotonic`. */
  #announced: { readonly certificate: string; readonly sinceMs: number } | undefined

  constructor(
    options: AuthorityKeeperOptions,
    term: Term,
    configurations: readonly { type: ResourceType; trust: Informer<ConfigurationTrust> }[],
  ) {
    this.#options = options
    this.#term = term
    this.#configurations = configurations
  }

  /** Does what has to be done now; returns when to look again. */
  async look(): Promise<number> {
    const { client, clock, times } = this.#options
    for (let step = 0; step < MAX_STEPS; step++) {
      const { secret, state } = await this.#read()
      // The server has just answered, so that this is its time, whatever the own clock says.
      const nowMs = client.serverNow()
      const announcedMs = this.#announcedMs(state)
      const next = nextStep(state, { nowMs, announcedMs, times })
      if (next !== undefined) {
        const written = next.kind === 'write' ? next.state : next.stateWith(await this.#make(nowMs))
        await this.#write(secret, written, next.why)
        continue
      }
      await this.#trust(state!)
      if (this.#configurations.some(({ trust }) => !trust.state.synced)) return RETRY_MS
      if (state!.next === undefined) return LOOK_EVERY_MS
      // The announced one is trusted everywhere in a while, or as soon as the configurations are mended.
      this.#announcedMs(state)
      const since = this.#announced?.sinceMs
      return since === undefined ? RETRY_MS : Math.max(0, since + times.settleMs - clock.monotonic())
    }
    return RETRY_MS
  }

  async #read(): Promise<{ secret: SecretObject | undefined; state: AuthorityState | undefined }> {
    const { client, namespace, secret: name, lastKnown, log } = this.#options
    const secret = (await client.find(RESOURCES.secrets, { namespace, name }, this.#given)) as
      | SecretObject
      | undefined
    if (secret !== undefined) {
      try {
        const state = readState(secret)
        if (state !== undefined) return { secret, state }
      } catch (error) {
        log.error(
          'authority_unreadable',
          `the Secret ${namespace}/${name} is no authority; what is known of it is put back`,
          { error },
        )
      }
    }
    const known = lastKnown()
    if (known === undefined) return { secret, state: undefined }
    await this.#write(secret, known, 'the Secret was emptied or deleted')
    return this.#read()
  }

  async #write(secret: SecretObject | undefined, state: AuthorityState, why: string): Promise<void> {
    const { client, namespace, secret: name, log } = this.#options
    this.#mustLead()
    const data = stateData(state, secret?.data)
    if (secret === undefined)
      await client.create(
        RESOURCES.secrets,
        { metadata: { namespace, name }, type: 'Opaque', data },
        this.#given,
      )
    else await client.replace(RESOURCES.secrets, { ...secret, data }, this.#given)
    log.info('authority_written', `the webhook's authority was written: ${why}`, {
      secret: `${namespace}/${name}`,
    })
  }

  /** Each webhook of ours trusts what the Secret says. A configuration that is not there is not our business. */
  async #trust({ trusted }: AuthorityState): Promise<void> {
    const { client, configuration, hosts, log, onMended } = this.#options
    for (const { type, trust } of this.#configurations) {
      const found = trust.get('', configuration)
      const patch = found && trustPatch(found, hosts, trusted)
      if (patch === undefined) continue
      this.#mustLead()
      await client.patch(type, { name: configuration }, { strategic: patch }, this.#given)
      onMended()
      log.info('ca_bundle_written', `the ${type.kind} ${configuration} trusts the webhook's authority`, {})
    }
  }

  #announcedMs(state: AuthorityState | undefined): number {
    const { clock, hosts, configuration } = this.#options
    const [certificate] = state?.next === undefined ? [] : certificatesOf(state.next.certificate)
    const everywhere =
      certificate !== undefined &&
      this.#configurations.every(
        ({ trust }) =>
          trust.state.connected &&
          (trust.get('', configuration)?.webhooks ?? [])
            .filter(({ host }) => hosts.includes(host))
            .every(({ trusted }) => trusted.includes(certificate)),
      )
    if (!everywhere) this.#announced = undefined
    else if (this.#announced?.certificate !== certificate)
      this.#announced = { certificate, sinceMs: clock.monotonic() }
    return this.#announced === undefined ? 0 : clock.monotonic() - this.#announced.sinceMs
  }

  async #make(nowMs: number): Promise<Signer> {
    const { root } = await createAuthority({
      trustDomain: TRUST_DOMAIN,
      nowMs: nowMs - BACKDATED_MS,
      lifetimeMs: this.#options.times.authorityMs + BACKDATED_MS,
    })
    return root
  }

  #mustLead(): void {
    if (!this.#term.holds()) throw new Error('this replica leads no more')
  }

  get #given() {
    return { signal: this.#term.signal, timeoutMs: 5_000 }
  }
}

interface SecretObject {
  readonly data?: Readonly<Record<string, string>>
  readonly [more: string]: unknown
}

/** Waits for a time, or for a call that came meanwhile. */
class Wake {
  #called = false
  #resolve: (() => void) | undefined

  up(): void {
    this.#called = true
    this.#resolve?.()
  }

  async wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const called = new Promise<void>(resolve => {
      this.#resolve = resolve
    })
    const slept = clock.sleep(ms, AbortSignal.any([signal, over.signal])).catch(() => {})
    if (!this.#called) await Promise.race([called, slept])
    this.#called = false
    over.abort()
  }
}

import { openAuthority } from '../../../authority/authority.ts'
import { issueWithKey } from '../../../authority/own-certificate.ts'
import type { KubernetesClient } from '../../../backends/kubernetes/client.ts'
import { informer } from '../../../backends/kubernetes/informer.ts'
import type { Term } from '../../../backends/kubernetes/leader.ts'
import { RESOURCES } from '../../../backends/kubernetes/resources.ts'
import type { Certificate, CertificateSource } from '../../../http/tls/certificate.ts'
import type { Clock } from '../../../kernel/clock/clock.ts'
import type { Log } from '../../../kernel/log/log.ts'
import type { Metrics } from '../../../kernel/metrics/metrics.ts'
import { workloadId } from '../../../wire/spiffe/identity.ts'
import type { Duty } from '../cluster/duties.ts'
import { keepAuthority, TRUST_DOMAIN } from './authority-keeper.ts'
import { type AuthorityState, readState, validity } from './authority-state.ts'
import { ROTATION, type RotationTimes } from './rotation.ts'

export interface WebhookCertificatesOptions {
  readonly client: KubernetesClient
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
  /** The controller's own. */
  readonly namespace: string
  /** The Secret of that namespace with the authority. */
  readonly secret: string
  /** What the certificate is for; the first ones are the hosts of the webhooks: `service.namespace.svc`. */
  readonly names: readonly string[]
  /** The MutatingWebhookConfiguration and the ValidatingWebhookConfiguration of this name trust the authority. */
  readonly configuration: string
  /** Registers what only the leader does; the result ends it. */
  readonly whileLeading: (duty: Duty) => () => void
  /** For tests. */
  readonly times?: RotationTimes & { readonly leafMs: number }
}

/** The certificate of this replica. */
export interface WebhookCertificates extends CertificateSource, AsyncDisposable {
  /** Resolves with the first certificate; rejects when it is closed before. */
  readonly ready: Promise<void>
}

const LEAF_MS = 24 * 3600_000
const LOOK_EVERY_MS = 60_000

/**
 * Certificates of the webhook's own authority. The authority is in a Secret, which the leader makes, renews and tells
 * the API servers of; every replica follows the Secret and makes certificates of a day for itself, whose keys it keeps
 * in memory. So an API server that is away, or a cluster without a leader, stops no renewal.
 */
export function webhookCertificates(options: WebhookCertificatesOptions): WebhookCertificates {
  return new OwnCertificates(options)
}

class OwnCertificates implements WebhookCertificates {
  readonly ready: Promise<void>
  readonly #options: WebhookCertificatesOptions
  readonly #scope = new AsyncDisposableStack()
  readonly #first = Promise.withResolvers<void>()
  readonly #calls = new Set<() => void>()
  readonly #authorityEnd: (seconds: number) => void
  readonly #issued: () => void
  #state: AuthorityState | undefined
  #current: (Certificate & { readonly signer: string }) | undefined
  #issuing: Promise<void> = Promise.resolve()
  readonly #stop = new AbortController()

  constructor(options: WebhookCertificatesOptions) {
    const { client, clock, log, metrics, namespace, secret, names, configuration, times } = options
    this.#options = options
    this.ready = this.#first.promise
    this.ready.catch(() => {})
    const end = metrics
      .gauge('authority_expires_seconds', "When the webhook's authority ends, as Unix time.")
      .with()
    const issued = metrics
      .counter('certificates_issued_total', 'Certificates that this replica has made for itself.')
      .with()
    const mended = metrics
      .counter(
        'ca_bundles_written_total',
        'Webhook configurations whose caBundle was not that of the authority, and was written.',
      )
      .with()
    this.#authorityEnd = seconds => end.set(seconds)
    this.#issued = () => issued.inc()
    const secrets = this.#scope.use(
      informer({
        ...{ client, clock, log, namespace, type: RESOURCES.secrets },
        fieldSelector: `metadata.name=${secret}`,
        project: ({ data }) => ({ data }),
      }),
    )
    secrets.onChange(({ type, value }) => {
      // One that was deleted stays in use: the leader puts it back.
      if (type !== 'removed') this.#take(value)
    })
    const timer = clock.interval(LOOK_EVERY_MS, () => this.#renew())
    this.#scope.defer(() => timer.cancel())
    const onSecret = (call: () => void) => secrets.onChange(call)
    this.#scope.defer(
      options.whileLeading(term =>
        keepAuthority(
          {
            ...{ client, clock, log, namespace, secret, configuration, onSecret },
            hosts: names,
            times: times ?? ROTATION,
            lastKnown: () => this.#state,
            onMended: () => mended.inc(),
          },
          this.#within(term),
        ),
      ),
    )
  }

  current(): Certificate | undefined {
    return this.#current
  }

  onChange(call: () => void): () => void {
    this.#calls.add(call)
    return () => void this.#calls.delete(call)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('the certificates are not kept any more'))
    this.#first.reject(this.#stop.signal.reason)
    await this.#scope.disposeAsync()
    await this.#issuing
  }

  /** The term, as long as these certificates are kept. */
  #within(term: Term): Term {
    const own = this.#stop.signal
    return { signal: AbortSignal.any([term.signal, own]), holds: () => !own.aborted && term.holds() }
  }

  #take(secret: { readonly data?: unknown }): void {
    try {
      const state = readState(secret)
      if (state === undefined) return
      this.#state = state
      this.#authorityEnd(validity(state.signer.certificate).toMs / 1000)
    } catch (error) {
      const { log, namespace, secret: name } = this.#options
      log.error(
        'authority_unreadable',
        `the Secret ${namespace}/${name} is no authority; the last one stays in use`,
        { error },
      )
      return
    }
    this.#renew()
  }

  /** Makes a certificate when the authority is another one, or a third of the present one's time is left. */
  #renew(): void {
    this.#issuing = this.#issuing.then(async () => {
      const state = this.#state
      if (this.#stop.signal.aborted || state === undefined || !this.#isDue(state)) return
      try {
        await this.#issue(state)
      } catch (error) {
        this.#options.log.error('certificate_failed', "the webhook's certificate could not be renewed", {
          error,
        })
      }
    })
  }

  #isDue({ signer }: AuthorityState): boolean {
    const nowMs = this.#options.client.serverNow()
    const has = this.#current
    if (has === undefined || has.signer !== signer.certificate) return true
    return has.notAfterMs - nowMs < (has.notAfterMs - has.notBeforeMs) / 3
  }

  async #issue({ signer, trusted }: AuthorityState): Promise<void> {
    const { client, namespace, names, log, times } = this.#options
    const authority = await openAuthority({
      clock: { now: () => client.serverNow() },
      rootCertificate: signer.certificate,
      signer,
    })
    const identity = workloadId(TRUST_DOMAIN, namespace, 'webhook')
    const { chain, key } = await issueWithKey(authority, identity, names, times?.leafMs ?? LEAF_MS)
    const { fromMs, toMs } = validity(chain)
    this.#current = {
      ...{ chain, key, trustBundle: trusted.join(''), identity: identity.uri, signer: signer.certificate },
      notBeforeMs: fromMs,
      notAfterMs: toMs,
    }
    this.#issued()
    log.info('certificate_changed', 'another certificate is shown from now on', {
      expires: new Date(toMs).toISOString(),
    })
    this.#first.resolve()
    for (const call of [...this.#calls]) call()
  }
}

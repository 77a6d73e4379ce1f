import type { Certificate, CertificateSource } from '../../../http/tls/certificate.ts'
import type { Timer } from '../../../kernel/clock/clock.ts'
import type { Health, Host } from '../../../kernel/module.ts'
import { encodePem } from '../../../wire/pem/pem.ts'
import { requestToSign, signedRequest } from '../../../wire/pkcs10/request.ts'
import type { SpiffeId } from '../../../wire/spiffe/identity.ts'
import type { RequestSigner } from './authority-client.ts'
import { CertificateCell, certificateFrom } from './certificate-cell.ts'
import { renewAtMs, retryAfterMs } from './renewal.ts'

export interface IssuedCertificatesOptions {
  readonly identity: SpiffeId
  readonly dnsNames?: readonly string[]
  readonly sign: RequestSigner
  /** [0, 1); Math.random unless given. */
  readonly random?: () => number
}

type IdentityHost = Pick<Host, 'clock' | 'log' | 'metrics' | 'scope' | 'signal'>

/** A clock may jump and a machine may sleep: the wall clock is looked at so often. */
const LOOK_MS = 60_000

export interface IssuedCertificates extends CertificateSource {
  current(): Certificate
  health(): Health
  /** Asks for the next one now, not when it is due; resolves with why there is none, undefined when there is. */
  renew(): Promise<string | undefined>
}

/**
 * A certificate of an authority, renewed at 50 to 70 % of its life. Each has a new key, which stays in memory.
 * Resolves with the first certificate, however long the authority is away; rejects when the host's signal aborts.
 * While the authority is away the last certificate serves until it expires.
 */
export async function issuedCertificates(
  options: IssuedCertificatesOptions,
  host: IdentityHost,
): Promise<IssuedCertificates> {
  const random = options.random ?? Math.random
  const request = () => requestCertificate(options)
  const { clock, log, signal } = host
  const renewals = host.metrics.counter('certificate_requests_total', 'Certificates asked for, by outcome.', [
    'outcome',
  ])
  const outcome = { ok: renewals.with('ok'), failed: renewals.with('failed') }
  for (let failures = 1; ; failures++) {
    signal.throwIfAborted()
    const first = await request().catch(failed => failed as Error)
    if (!(first instanceof Error)) {
      outcome.ok.inc()
      return new Renewal(first, { request, random, outcome }, host)
    }
    outcome.failed.inc()
    const afterMs = retryAfterMs(failures, random())
    log.warn('certificate_failed', `no certificate yet: ${first.message}`, {
      identity: options.identity.uri,
      afterMs,
    })
    await clock.sleep(afterMs, signal)
  }
}

interface Requests {
  readonly request: () => Promise<Certificate>
  readonly random: () => number
  readonly outcome: Readonly<Record<'ok' | 'failed', { inc(): void }>>
}

const ENDED = 'the sidecar ends, or has another identity now'

class Renewal extends CertificateCell implements IssuedCertificates {
  readonly #requests: Requests
  readonly #host: IdentityHost
  #dueMs = 0
  #failures = 0
  #lastError = ''
  #timer: Timer | undefined
  #closed = false
  /** One request at a time. */
  #renewing: Promise<string | undefined> | undefined

  constructor(first: Certificate, requests: Requests, host: IdentityHost) {
    super(first)
    this.#requests = requests
    this.#host = host
    host.scope.defer(() => {
      this.#closed = true
      this.#timer?.cancel()
    })
    this.#issued(first)
  }

  health(): Health {
    if (this.#failures === 0) return { ready: true, state: 'ok' }
    const leftMs = this.current().notAfterMs - this.#host.clock.now()
    const until = new Date(this.current().notAfterMs).toISOString()
    const message = `the certificate cannot be renewed (${this.#lastError}); it ${leftMs > 0 ? 'expires' : 'expired'} at ${until}`
    return leftMs > 0
      ? { ready: true, state: 'degraded', message }
      : { ready: false, state: 'failed', message }
  }

  renew(): Promise<string | undefined> {
    this.#timer?.cancel()
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  #issued({ identity, notAfterMs }: Certificate): void {
    const nowMs = this.#host.clock.now()
    this.#failures = 0
    this.#dueMs = renewAtMs(nowMs, notAfterMs, this.#requests.random())
    const expires = new Date(notAfterMs).toISOString()
    this.#host.log.info('certificate_issued', 'got a certificate', { identity, expires })
    this.#wait()
  }

  #wait(): void {
    if (this.#closed) return
    const leftMs = this.#dueMs - this.#host.clock.now()
    this.#timer = this.#host.clock.timeout(Math.max(0, Math.min(leftMs, LOOK_MS)), () => {
      if (this.#host.clock.now() < this.#dueMs) this.#wait()
      else void this.renew()
    })
  }

  async #renew(): Promise<string | undefined> {
    try {
      const next = await this.#requests.request()
      if (this.#closed) return ENDED
      this.#requests.outcome.ok.inc()
      this.set(next)
      this.#issued(next)
      return undefined
    } catch (error) {
      if (this.#closed) return ENDED
      this.#requests.outcome.failed.inc()
      this.#lastError = (error as Error).message
      const afterMs = retryAfterMs(++this.#failures, this.#requests.random())
      this.#dueMs = this.#host.clock.now() + afterMs
      this.#host.log.warn('certificate_failed', `the certificate could not be renewed: ${this.#lastError}`, {
        afterMs,
      })
      this.#wait()
      return this.#lastError
    }
  }
}

/** A new key, a request for it, and the check that the answer is about both. */
async function requestCertificate(options: IssuedCertificatesOptions): Promise<Certificate> {
  const { identity, dnsNames = [], sign: signRequest } = options
  const { generateKeyPair, sign } = process.getBuiltinModule('node:crypto')
  const { promisify } = process.getBuiltinModule('node:util')
  const keys = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' })
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'der' })
  const toSign = requestToSign({ publicKey, uris: [identity.uri], dnsNames })
  const csr = encodePem('CERTIFICATE REQUEST', signedRequest(toSign, sign('sha256', toSign, keys.privateKey)))
  const { chain, trustBundle } = await signRequest(csr)
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const certificate = certificateFrom({ chain, key, trustBundle })
  if (certificate.identity !== identity.uri)
    throw new Error(
      `the authority issued ${certificate.identity ?? 'no identity'} instead of ${identity.uri}`,
    )
  return certificate
}

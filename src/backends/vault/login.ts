import type { Clock, Timer } from '../../kernel/clock/clock.ts'
import { errorText } from '../../kernel/log/format.ts'
import type { Log } from '../../kernel/log/log.ts'
import type { VaultAuth } from './answers.ts'
import { mapIn, numberIn } from './answers.ts'
import type { AuthMethod } from './auth/method.ts'
import type { VaultClient } from './client.ts'
import { VaultError } from './error.ts'
import { expiryPause, graceSpan, LoginPauses, renewalPause } from './renewal.ts'

export interface LoginGiven {
  readonly client: VaultClient
  readonly method: AuthMethod
  readonly clock: Clock
  readonly log: Log
  readonly random: () => number
  readonly signal: AbortSignal
  readonly minBackoffMs: number
  readonly maxBackoffMs: number
  /** `login` or `renewal`, and whether it worked. */
  readonly onOutcome: (what: 'login' | 'renewal', failed: boolean) => void
}

/** Listens to the life of a token. */
export interface TokenListener {
  /** There is another token. */
  onToken?(token: HeldToken): void
  /** Leases that were granted before now end in so many milliseconds with the token that they hang on; 0: perhaps already. */
  onDoubt?(endsInMs: number): void
}

/** A token that is good as far as we know. */
export interface HeldToken extends VaultAuth {
  /** Of the wall clock. */
  readonly sinceMs: number
  /** What the grace of its renewals is a part of. */
  readonly spanMs: number
}

/** Renewals that fail are tried again like this, while the token lives. */
const RENEWAL_PAUSES = { minMs: 10_000, maxMs: 300_000 }
/** A token that was refused is looked at no more often than this, however many requests it was refused for. */
const LOOK_MS = 5000
const LONGEST_PAUSE_MS = 86_400_000
const LEAST_PAUSE_MS = 1000

/**
 * The token of one server: logged in for, renewed, and replaced before it ends. Another token fetches no secret again:
 * what its leases mean for others is told to the listeners, who decide.
 */
export class VaultLogin implements Disposable {
  readonly #given: LoginGiven
  readonly #listeners = new Set<TokenListener>()
  #held: HeldToken | undefined
  /** Of the monotonic clock; infinite for a token without an end. */
  #endMs = 0
  #coming = Promise.withResolvers<HeldToken>()
  #timer: Timer | undefined
  #problem: string | undefined
  #busy = false
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined
  readonly #loginPauses: LoginPauses
  readonly #renewalPauses = new LoginPauses(RENEWAL_PAUSES)
  readonly #watching: Disposable | undefined

  constructor(given: LoginGiven) {
    this.#given = given
    this.#loginPauses = new LoginPauses({ minMs: given.minBackoffMs, maxMs: given.maxBackoffMs })
    this.#watching = given.method.watch?.(() => this.#run('login', 0))
    this.#coming.promise.catch(() => {})
  }

  start(): void {
    this.#run('login', 0)
  }

  /** What the last try said; undefined when it worked. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** The token, while it lives. */
  get held(): HeldToken | undefined {
    return this.#held !== undefined && this.remainingMs() > 0 ? this.#held : undefined
  }

  remainingMs(): number {
    return this.#held === undefined ? 0 : this.#endMs - this.#given.clock.monotonic()
  }

  listen(listener: TokenListener): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** The token as soon as there is one. Rejects with the signal's reason, or at once when the last login was refused. */
  async token(signal: AbortSignal): Promise<string> {
    const { held } = this
    if (held !== undefined) return held.token
    if (this.#problem !== undefined) throw new VaultError('unavailable', this.#problem)
    return (await aborting(this.#coming.promise, signal)).token
  }

  /** A request with the token was refused: perhaps the request, perhaps the token. Resolves to whether another token is there. */
  async refused(token: string): Promise<boolean> {
    if (this.#held?.token !== token) return this.held !== undefined
    const now = this.#given.clock.monotonic()
    if (now - this.#lookedAtMs >= LOOK_MS) {
      this.#lookedAtMs = now
      this.#looking = this.#look(token).finally(() => {
        this.#looking = undefined
      })
    }
    await this.#looking
    return this.#held !== undefined && this.#held.token !== token
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#watching?.[Symbol.dispose]()
    this.#coming.reject(new Error('the sidecar stops'))
  }

  async #look(token: string): Promise<void> {
    const { client, signal, log } = this.#given
    try {
      await client.request({ method: 'GET', path: 'auth/token/lookup-self', token }, signal)
    } catch (error) {
      if (!(error instanceof VaultError) || error.isPassing || this.#held?.token !== token) return
      log.warn('vault_token_lost', 'the server does not know our token any more; the sidecar logs in again', {
        server: client.options.address,
      })
      this.#lose()
      await this.#act('login')
    }
  }

  /** The token is gone, and what hung on it may be. */
  #lose(): void {
    this.#held = undefined
    this.#coming = Promise.withResolvers()
    this.#coming.promise.catch(() => {})
    for (const listener of [...this.#listeners]) listener.onDoubt?.(0)
  }

  #run(what: 'login' | 'renewal', ms: number): void {
    this.#timer?.cancel()
    const { clock } = this.#given
    const pauseMs = Math.min(Math.max(0, ms), LONGEST_PAUSE_MS)
    this.#timer = clock.timeout(pauseMs, () =>
      ms > LONGEST_PAUSE_MS ? this.#run(what, ms - pauseMs) : void this.#act(what),
    )
  }

  async #act(what: 'login' | 'renewal'): Promise<void> {
    if (this.#busy || this.#given.signal.aborted) return
    this.#busy = true
    try {
      if (what === 'login') await this.#login()
      else await this.#renew()
    } finally {
      this.#busy = false
    }
  }

  async #login(): Promise<void> {
    const { client, method, signal, random, onOutcome, log } = this.#given
    try {
      const auth = await method.login(client, signal)
      // Of the last use that is left, a server says -1.
      if (auth.uses !== 0)
        throw new VaultError(
          'invalid',
          `the token may be used ${auth.uses > 0 ? auth.uses : 'a few'} times only, and nobody can tell when that is over; set token_num_uses of the role to 0`,
        )
      onOutcome('login', false)
      this.#loginPauses.reset()
      this.#renewalPauses.reset()
      this.#take(auth)
    } catch (error) {
      if (signal.aborted) return
      onOutcome('login', true)
      const problem = `login by ${method.name}: ${errorText(error)}${client.skewWords}`
      if (this.#problem !== problem)
        log.error('vault_login_failed', problem, { server: client.options.address })
      this.#problem = problem
      // Who waits hears why; whoever comes next, too.
      this.#coming.reject(new VaultError('unavailable', problem))
      this.#coming = Promise.withResolvers()
      this.#coming.promise.catch(() => {})
      const retryAfterMs = error instanceof VaultError ? (error.retryAfterMs ?? 0) : 0
      this.#run('login', Math.max(this.#loginPauses.next(random()), retryAfterMs))
    }
  }

  #take(auth: VaultAuth): void {
    const { clock, client, log, method } = this.#given
    const before = this.held
    const leftMs = this.remainingMs()
    this.#problem = undefined
    this.#held = { ...auth, sinceMs: clock.now(), spanMs: auth.ttlMs }
    this.#endMs = auth.ttlMs > 0 ? clock.monotonic() + auth.ttlMs : Number.POSITIVE_INFINITY
    this.#coming.resolve(this.#held)
    if (before?.token !== auth.token) {
      log.info('vault_logged_in', `logged in by ${method.name}`, {
        server: client.options.address,
        ttl_seconds: auth.ttlMs / 1000,
        renewable: auth.renewable,
      })
      for (const listener of [...this.#listeners]) {
        listener.onToken?.(this.#held)
        // Leases of a batch token end by themselves with it, and know when; those of others are revoked with it.
        if (before !== undefined && !before.isBatch && Number.isFinite(leftMs)) listener.onDoubt?.(leftMs)
      }
    }
    this.#plan()
  }

  #plan(): void {
    const { random } = this.#given
    const held = this.#held!
    if (!Number.isFinite(this.#endMs)) return
    const remainingMs = this.remainingMs()
    const pause = held.renewable
      ? renewalPause({ remainingMs, durationMs: held.spanMs }, random())
      : undefined
    if (pause !== undefined) this.#run('renewal', Math.max(LEAST_PAUSE_MS, pause))
    else if (held.renewable) this.#run('login', LEAST_PAUSE_MS)
    else this.#run('login', Math.max(LEAST_PAUSE_MS, expiryPause(remainingMs, random())))
  }

  async #renew(): Promise<void> {
    const { client, method, signal, random, onOutcome, clock, log } = this.#given
    const held = this.#held
    if (held === undefined) return this.#login()
    try {
      const answer = await client.request(
        { method: 'PUT', path: 'auth/token/renew-self', token: held.token, body: new Map() },
        signal,
      )
      const auth = mapIn(answer, 'auth')
      const ttlMs = (numberIn(auth, 'lease_duration') ?? 0) * 1000
      onOutcome('renewal', false)
      this.#renewalPauses.reset()
      this.#problem = undefined
      const spanMs = graceSpan(held.spanMs, held.ttlMs, ttlMs)
      this.#held = { ...held, ttlMs, spanMs, renewable: auth?.get('renewable') !== false }
      this.#endMs = ttlMs > 0 ? clock.monotonic() + ttlMs : Number.POSITIVE_INFINITY
      log.info('vault_token_renewed', `the token of ${method.name} was renewed`, {
        server: client.options.address,
        ttl_seconds: ttlMs / 1000,
      })
      this.#plan()
    } catch (error) {
      if (signal.aborted) return
      onOutcome('renewal', true)
      this.#problem = `renewal of the token: ${errorText(error)}`
      log.warn('vault_token_not_renewed', this.#problem, { server: client.options.address })
      const leftMs = this.remainingMs()
      if (leftMs <= 0) {
        this.#lose()
        return this.#login()
      }
      // Refused: it lives on until its end, and another one is there before.
      if (error instanceof VaultError && !error.isPassing) {
        this.#held = { ...held, renewable: false }
        this.#run('login', 0)
        return
      }
      this.#run('renewal', Math.min(this.#renewalPauses.next(random()), Math.max(leftMs / 3, LEAST_PAUSE_MS)))
    }
  }
}

function aborting<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

import type { Health } from '../../../kernel/module.ts'
import {
  type FailureReason,
  type SecretRequest,
  type SecretSource,
  SourceFailure,
} from '../sources/source.ts'
import { type Lease, SecretValue, type Timing } from './value.ts'

/** A source that tests steer: what it answers, and what it was asked. */
export class FakeSource implements SecretSource {
  readonly asked: string[] = []
  /** What it fails with for as long as it is set. */
  failing: FailureReason | undefined
  timing: (path: string) => Timing = () => ({ kind: 'static' })
  /** The data of the n-th answer for a path. */
  data: (path: string, n: number) => Readonly<Record<string, string>> = (_, n) => ({ password: `value-${n}` })
  /** What a renewal grants; the same as before unless set. */
  grant: (lease: Lease) => Lease = lease => lease
  readonly #answers = new Map<string, number>()
  readonly #watchers = new Map<string, Set<() => void>>()
  readonly #doubters = new Set<(endsInMs: number) => void>()
  intervalMs?: number

  async fetch(request: SecretRequest): Promise<SecretValue> {
    this.asked.push(`fetch ${request.path}`)
    this.#fail(request.path)
    const n = (this.#answers.get(request.path) ?? 0) + 1
    this.#answers.set(request.path, n)
    return new SecretValue({
      data: new Map(Object.entries(this.data(request.path, n))),
      timing: this.timing(request.path),
    })
  }

  async renew(lease: Lease): Promise<Lease> {
    this.asked.push(`renew ${lease.id}`)
    this.#fail(lease.id)
    return this.grant(lease)
  }

  watch({ path }: SecretRequest, changed: () => void): Disposable {
    const watchers = this.#watchers.get(path) ?? new Set()
    this.#watchers.set(path, watchers)
    watchers.add(changed)
    return { [Symbol.dispose]: () => void watchers.delete(changed) }
  }

  leasesEndAtMs(): number | undefined {
    return undefined
  }

  onDoubt(doubt: (endsInMs: number) => void): Disposable {
    this.#doubters.add(doubt)
    return { [Symbol.dispose]: () => void this.#doubters.delete(doubt) }
  }

  /** The value at a path has changed. */
  touch(path: string): void {
    for (const changed of this.#watchers.get(path) ?? []) changed()
  }

  doubt(endsInMs = 0): void {
    for (const doubt of this.#doubters) doubt(endsInMs)
  }

  health(): Health {
    return { ready: true, state: 'ok' }
  }

  #fail(what: string): void {
    if (this.failing !== undefined) throw new SourceFailure(this.failing, `${what}: ${this.failing}`)
  }
}

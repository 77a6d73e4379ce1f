import type { Sidecar } from '../../../kernel/lifecycle/sidecar.ts'
import type { AgentBehaviour } from '../../../personalities/vault-agent/translate.ts'

const EVERY_MS = 250
/** The first requests take a moment, also where no failure is to be borne. */
const LEAST_BUDGET_MS = 5000

type End = (why: string, code: number) => void

/** Ends the agent where its configuration says that a failure is its end: a login that fails, a template that fails for too long. */
export class EndWatch implements Disposable {
  readonly #sidecar: Sidecar
  readonly #behaviour: () => AgentBehaviour
  readonly #end: End
  readonly #timer: NodeJS.Timeout
  /** Since when each delivery is not well, of the monotonic clock. */
  readonly #illSinceMs = new Map<string, number>()

  constructor(sidecar: Sidecar, behaviour: () => AgentBehaviour, end: End) {
    this.#sidecar = sidecar
    this.#behaviour = behaviour
    this.#end = end
    this.#timer = setInterval(() => this.#look(), EVERY_MS)
    this.#timer.unref()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { exitOnLoginError, exitOnRetryFailureMs } = this.#behaviour()
    if (exitOnLoginError && this.#loginFailures() > 0) this.#stop('auth method error, exiting')
    else if (exitOnRetryFailureMs !== undefined) this.#lookAtDeliveries(exitOnRetryFailureMs)
  }

  #lookAtDeliveries(retriesMs: number): void {
    const budgetMs = Math.max(LEAST_BUDGET_MS, retriesMs)
    const failed = this.#longestIll(budgetMs)
    if (failed !== undefined) this.#stop(`template server: ${failed}; exiting, as exit_on_retry_failure says`)
  }

  /** What a delivery says that has not been well for so long, while the server was there. */
  #longestIll(budgetMs: number): string | undefined {
    const parts = Object.entries(this.#sidecar.health().modules['secrets']?.parts ?? {})
    const knowsServer = parts.every(([name, { state }]) => !name.startsWith('source ') || state === 'ok')
    const now = performance.now()
    for (const [name, { state, message }] of parts) {
      if (!name.startsWith('delivery ')) continue
      if (state === 'ok' || !knowsServer) {
        this.#illSinceMs.delete(name)
        continue
      }
      const since = this.#illSinceMs.get(name) ?? now
      this.#illSinceMs.set(name, since)
      const delivery = name.slice('delivery '.length)
      if (now - since >= budgetMs)
        return `${this.#behaviour().labels.get(delivery)?.label ?? delivery}: ${message}`
    }
    return undefined
  }

  #loginFailures(): number {
    const family = this.#sidecar.registry.collect().find(({ name }) => name === 'outrigger_secrets_logins')
    const failed = family?.samples.filter(
      ({ labels }) => hasLabel(labels, 'what', 'login') && hasLabel(labels, 'outcome', 'failed'),
    )
    return failed?.reduce((sum, { value }) => sum + value, 0) ?? 0
  }

  #stop(why: string): void {
    clearInterval(this.#timer)
    this.#end(why, 1)
  }
}

function hasLabel(labels: readonly (readonly [string, string])[], name: string, value: string): boolean {
  return labels.some(([key, each]) => key === name && each === value)
}

import type { Health } from '../../kernel/module.ts'
import type { VaultAnswer, VaultClient, VaultRequest } from './client.ts'
import { VaultError } from './error.ts'
import type { VaultLogin } from './login.ts'

/** A server that we are known to: requests go with our token. */
export class VaultServer {
  readonly client: VaultClient
  readonly login: VaultLogin

  constructor(client: VaultClient, login: VaultLogin) {
    this.client = client
    this.login = login
  }

  /** Rejects with a VaultError, or with the signal's reason. A token that turns out to be gone is replaced once. */
  async request(request: Omit<VaultRequest, 'token'>, signal: AbortSignal): Promise<VaultAnswer> {
    const token = await this.login.token(signal)
    try {
      return await this.client.request({ ...request, token }, signal)
    } catch (error) {
      if (!(error instanceof VaultError) || error.failure !== 'forbidden') throw error
      if (!(await this.login.refused(token))) throw error
      return await this.client.request({ ...request, token: await this.login.token(signal) }, signal)
    }
  }

  health(): Health {
    const { held, problem } = this.login
    if (problem === undefined && held !== undefined) return { ready: true, state: 'ok' }
    const message = problem ?? `waits for the login at ${this.client.options.address}`
    return { ready: held !== undefined, state: held === undefined ? 'failed' : 'degraded', message }
  }
}

import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/kernel/clock/clock.ts'
import { type Answer, Refusal } from './answers.ts'
import type { Leases } from './leases.ts'
import type { Token } from './tokens.ts'

export interface DatabaseRole {
  readonly ttl: number
  readonly maxTtl: number
  readonly renewable?: boolean
}

/** A database whose users are made for a lease (`creds`), or whose passwords change every so often (`static-creds`). */
export class Database {
  readonly #clock: Clock
  readonly #leases: Leases
  readonly #roles = new Map<string, DatabaseRole>()
  readonly #static = new Map<string, { readonly period: number; rotatedAtMs: number; password: string }>()

  constructor(clock: Clock, leases: Leases) {
    this.#clock = clock
    this.#leases = leases
  }

  role(name: string, role: DatabaseRole): void {
    this.#roles.set(name, role)
  }

  staticRole(name: string, period: number): void {
    this.#static.set(name, {
      period,
      rotatedAtMs: this.#clock.now(),
      password: randomBytes(8).toString('hex'),
    })
  }

  read(path: string, rest: string, token: Token): Answer {
    const [kind, name = ''] = rest.split('/')
    if (kind === 'creds') return this.#creds(path, name, token)
    if (kind === 'static-creds') return { data: this.#staticCreds(name) }
    throw new Refusal(404, [`no handler for route "${path}". route entry not found.`])
  }

  #creds(path: string, name: string, token: Token): Answer {
    const role = this.#roles.get(name)
    if (role === undefined) throw new Refusal(400, [`unknown role: ${name}`])
    const lease = this.#leases.grant(path, token, { renewable: token.type === 'service', ...role })
    const data = {
      username: `v-${name}-${randomBytes(6).toString('hex')}`,
      password: randomBytes(10).toString('hex'),
    }
    return {
      lease_id: lease.id,
      renewable: lease.renewable,
      lease_duration: this.#leases.secondsLeft(lease),
      data,
    }
  }

  #staticCreds(name: string): object {
    const role = this.#static.get(name)
    if (role === undefined) throw new Refusal(400, [`unknown role: ${name}`])
    const now = this.#clock.now()
    const periods = Math.floor((now - role.rotatedAtMs) / (role.period * 1000))
    if (periods > 0) {
      role.rotatedAtMs += periods * role.period * 1000
      role.password = randomBytes(8).toString('hex')
    }
    return {
      username: name,
      password: role.password,
      last_vault_rotation: new Date(role.rotatedAtMs).toISOString(),
      rotation_period: role.period,
      ttl: Math.floor((role.rotatedAtMs + role.period * 1000 - now) / 1000),
    }
  }
}

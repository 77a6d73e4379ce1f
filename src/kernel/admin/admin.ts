import { formatAddress } from '../config/address.ts'
import type { AnyModule } from '../config/load.ts'
import { type Root, rootFields } from '../config/root.ts'
import type { Sidecar } from '../lifecycle/sidecar.ts'
import { errorText } from '../log/format.ts'
import type { Address, Host, Running } from '../module.ts'
import { overlap } from '../sockets.ts'
import { adminRoutes } from './endpoints.ts'
import { type AdminServer, serveAdmin } from './server.ts'

type AdminConfig = Root['admin']

/** The admin API as the module that starts first and stops last; its configuration is the key `admin`. */
export function adminModule(sidecar: Sidecar): AnyModule {
  return {
    name: 'admin',
    config: rootFields.admin,
    observes: true,
    start: (config, host) => start(config, host, sidecar),
  }
}

async function start(config: AdminConfig, host: Host, sidecar: Sidecar): Promise<Running<AdminConfig>> {
  for (const route of adminRoutes(sidecar)) host.scope.use(sidecar.routes.add(route))
  const listeners = new AdminListeners(host, sidecar)
  host.scope.defer(() => listeners.close())
  await listeners.use(config)
  return {
    offer: undefined,
    health: () => ({ ready: true, state: 'ok' }),
    update: async next => {
      await listeners.use(next)
      return true
    },
  }
}

/**
 * The two listeners. A change opens the new address before it lets the old one go, unless the two cannot be bound at
 * once; requests under way are still answered there.
 */
class AdminListeners {
  readonly #host: Host
  readonly #sidecar: Sidecar
  readonly #servers = new Map<string, AdminServer>()
  readonly #leaving = new Set<AdminServer>()
  #hosts: readonly string[] = []

  constructor(host: Host, sidecar: Sidecar) {
    this.#host = host
    this.#sidecar = sidecar
  }

  async use({ listen, public: publicListen, hosts }: AdminConfig): Promise<void> {
    this.#hosts = hosts
    const wanted = new Map([['admin.listen', listen]])
    if (publicListen) wanted.set('admin.public', publicListen)
    const keys = new Map(
      [...wanted].map(([option, address]) => [`${option} ${formatAddress(address)}`, { option, address }]),
    )
    const missing = [...keys].filter(([key]) => !this.#servers.has(key))
    const inTheWay = (held: Address) => missing.some(([, { address }]) => overlap(held, address))
    await this.#leave((key, address) => !keys.has(key) && inTheWay(address))
    for (const [key, { option, address }] of missing)
      this.#servers.set(key, await this.#open(option, address))
    await this.#leave(key => !keys.has(key))
  }

  async close(): Promise<void> {
    for (const server of [...this.#servers.values(), ...this.#leaving]) server.close()
  }

  async #leave(which: (key: string, address: Address) => boolean): Promise<void> {
    for (const [key, server] of this.#servers) {
      if (!which(key, server.address)) continue
      this.#servers.delete(key)
      this.#leaving.add(server)
      await server.leave()
    }
  }

  async #open(option: string, address: Address): Promise<AdminServer> {
    try {
      return await serveAdmin({
        host: this.#host,
        routes: this.#sidecar.routes,
        address,
        hosts: () => this.#hosts,
        isPublic: option === 'admin.public',
      })
    } catch (error) {
      throw new Error(`${option}: ${errorText(error)}`, { cause: error })
    }
  }
}

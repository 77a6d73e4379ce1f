import { chmod, chown } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { formatAddress } from './config/address.ts'
import { type Datagram, DatagramPorts, type Receiving } from './datagrams.ts'
import { ListenError, listenError, makePlaceFor } from './listen-error.ts'
import type { Address, Listening } from './module.ts'

/** Connections that come while no module holds the port wait for the next one, up to this many. */
const MAX_WAITING = 1024

interface Port {
  readonly owner: string
  readonly wanted: string
  readonly address: Address
  readonly server: Server
  readonly waiting: Socket[]
  accept: ((socket: Socket) => void) | undefined
}

/** Who asks for an address, and what ends his claim. */
export interface Claim {
  readonly owner: string
  readonly scope: AsyncDisposableStack
}

/** All listening sockets of the process. Between `hold` and `release` a port outlives its module, so that the next instance takes it over. */
export class Ports {
  readonly #ports = new Set<Port>()
  readonly #datagrams = new DatagramPorts()
  #holds = 0

  /** Binds the address, or takes over the port that an earlier instance of the same owner left. */
  async listen(address: Address, onConnection: (socket: Socket) => void, claim: Claim): Promise<Listening> {
    const wanted = formatAddress(address)
    const port = this.#left(claim.owner, wanted) ?? (await this.#open(address, wanted, claim.owner))
    port.accept = onConnection
    const close = () => this.#drop(port, onConnection)
    claim.scope.defer(close)
    for (const socket of port.waiting.splice(0)) if (!socket.destroyed) onConnection(socket)
    return { address: port.address, close }
  }

  /** The same for datagrams: UDP, or a Unix socket for datagrams. */
  receive(address: Address, onDatagram: (datagram: Datagram) => void, claim: Claim): Promise<Receiving> {
    return this.#datagrams.receive(address, onDatagram, claim)
  }

  /** From now on a port that its module lets go stays open. Must be paired with `release`. */
  hold(): void {
    this.#holds++
    this.#datagrams.hold()
  }

  /** Closes the ports that nobody took over. */
  async release(): Promise<void> {
    this.#datagrams.release()
    if (--this.#holds > 0) return
    const left = [...this.#ports].filter(port => !port.accept)
    await Promise.all(left.map(port => this.#close(port)))
  }

  #left(owner: string, wanted: string): Port | undefined {
    for (const port of this.#ports) {
      if (!port.accept && port.owner === owner && port.wanted === wanted) return port
    }
    return undefined
  }

  async #open(address: Address, wanted: string, owner: string): Promise<Port> {
    await this.#makeRoom(address, wanted, owner)
    const server = createServer({ noDelay: true })
    try {
      await bind(server, address)
    } catch (error) {
      throw listenError(wanted, error as NodeJS.ErrnoException)
    }
    const port: Port = {
      owner,
      wanted,
      address: boundAddress(server, address),
      server,
      waiting: [],
      accept: undefined,
    }
    server.on('connection', socket => connected(port, socket))
    // Out of file descriptors and the like: the connection is lost, the port is not.
    server.on('error', () => {})
    this.#ports.add(port)
    return port
  }

  /** Another module's hold on the address: clear words when it is in use, out of the way when it was only left behind. */
  async #makeRoom(address: Address, wanted: string, owner: string): Promise<void> {
    if ('port' in address && address.port === 0) return
    for (const port of this.#ports) {
      const isSame = port.wanted === wanted || formatAddress(port.address) === wanted
      if (isSame && port.accept)
        throw new ListenError(
          'EADDRINUSE',
          `cannot listen on ${wanted}: ${port.owner === owner ? 'this module' : `module ${port.owner}`} listens there already`,
        )
      if (!port.accept && (isSame || overlap(port.address, address))) await this.#close(port)
    }
  }

  async #drop(port: Port, onConnection: (socket: Socket) => void): Promise<void> {
    if (port.accept !== onConnection) return
    port.accept = undefined
    if (this.#holds === 0) await this.#close(port)
  }

  async #close(port: Port): Promise<void> {
    this.#ports.delete(port)
    for (const socket of port.waiting.splice(0)) socket.destroy()
    // Connections in flight belong to their module: closing the port must not wait for them.
    port.server.close()
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** Whether the system refuses one of them while the other is bound: one port, of which one takes every interface. */
export function overlap(one: Address, other: Address): boolean {
  if ('path' in one || 'path' in other) return false
  if (one.port === 0 || one.port !== other.port) return false
  return one.host === other.host || WILDCARDS.has(one.host) || WILDCARDS.has(other.host)
}

const WILDCARDS = new Set(['0.0.0.0', '::'])

function connected(port: Port, socket: Socket): void {
  // A peer's reset before the module listens for errors must not end the process; `close` follows in any case.
  socket.on('error', () => {})
  if (port.accept) port.accept(socket)
  else if (port.waiting.length < MAX_WAITING) port.waiting.push(socket)
  else socket.destroy()
}

async function bind(server: Server, address: Address): Promise<void> {
  if (!('path' in address)) return listening(server, { host: address.host, port: address.port })
  await makePlaceFor(address.path)
  const { path, mode = 0o660, uid = -1, gid = -1 } = address
  await listening(server, { path })
  await chmod(path, mode)
  if (uid !== -1 || gid !== -1) await chown(path, uid, gid)
}

/** Connections that arrive at once, as after a restart, wait in the system's queue; from those beyond it nothing is heard. */
const BACKLOG = 4096

function listening(server: Server, where: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function boundAddress(server: Server, address: Address): Address {
  const bound = server.address()
  if (bound === null || typeof bound === 'string' || 'path' in address) return address
  return { host: bound.address, port: bound.port }
}

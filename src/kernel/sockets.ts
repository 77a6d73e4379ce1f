import { chmod, stat, unlink } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { formatAddress } from './config/address.ts'
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

  /** From now on a port that its module lets go stays open. Must be paired with `release`. */
  hold(): void {
    this.#holds++
  }

  /** Closes the ports that nobody took over. */
  async release(): Promise<void> {
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

/** A port that cannot be had; `message` says which, why and how to mend it. */
export class ListenError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'ListenError'
    this.code = code
  }
}

function connected(port: Port, socket: Socket): void {
  // A peer's reset before the module listens for errors must not end the process; `close` follows in any case.
  socket.on('error', () => {})
  if (port.accept) port.accept(socket)
  else if (port.waiting.length < MAX_WAITING) port.waiting.push(socket)
  else socket.destroy()
}

async function bind(server: Server, address: Address): Promise<void> {
  if (!('path' in address)) return listening(server, { host: address.host, port: address.port })
  // The system would call a missing folder a lack of permission.
  await stat(dirname(address.path))
  await removeStale(address.path)
  await listening(server, { path: address.path })
  await chmod(address.path, address.mode ?? 0o660)
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

/** A socket file whose process died is removed; one that somebody answers on, and any other file, is left. */
async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return
  if (!found.isSocket())
    throw new ListenError(
      'EEXIST',
      `cannot listen on ${path}: a file that is no socket is there; remove it or choose another path`,
    )
  if (!(await answers(path))) await unlink(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', error => resolve((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'))
  })
}

function boundAddress(server: Server, address: Address): Address {
  const bound = server.address()
  if (bound === null || typeof bound === 'string' || 'path' in address) return address
  return { host: bound.address, port: bound.port }
}

const REASON: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there already; stop it or choose another address',
  EACCES: 'permission denied; ports below 1024 and foreign folders need rights that this user does not have',
  EADDRNOTAVAIL: 'no interface of this machine has that address',
  ENOENT: 'its folder does not exist',
  ENOTFOUND: 'the host name does not resolve',
  EINVAL: 'the system refuses the address (a socket path may have at most 107 bytes)',
}

function listenError(wanted: string, error: NodeJS.ErrnoException): Error {
  if (error instanceof ListenError) return error
  const code = error.code ?? 'EUNKNOWN'
  return new ListenError(code, `cannot listen on ${wanted}: ${REASON[code] ?? error.message}`)
}

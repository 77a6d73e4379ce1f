import type { Socket } from 'node:dgram'
import { chmodSync, unlinkSync } from 'node:fs'
import { formatAddress } from './config/address.ts'
import { ListenError, listenError, makePlaceFor } from './listen-error.ts'
import type { Address, Listening } from './module.ts'
import { bindUnixDatagrams } from './unix-datagrams.ts'

/** Datagrams that come while no module holds the port wait for the next one, up to this many. */
const MAX_WAITING = 1024
/** What the system may keep of datagrams that were not read yet; it gives as much of it as its own limit allows. */
const RECEIVE_BUFFER_BYTES = 1024 * 1024

/** One datagram; its bytes belong to whoever gets it. */
export interface Datagram {
  readonly bytes: Buffer
  /** The sender's IP address; empty for a Unix socket. */
  readonly remoteAddress: string
  /** 0 for a Unix socket. */
  readonly remotePort: number
}

export interface Receiving extends Listening {
  /** Answers whoever sent a datagram by UDP; nobody is told when it is lost. */
  send(bytes: Buffer, to: Datagram): void
}

interface Port {
  readonly owner: string
  readonly wanted: string
  readonly address: Address
  readonly socket: Socket
  readonly waiting: Datagram[]
  take: ((datagram: Datagram) => void) | undefined
}

/** All sockets for datagrams of the process; like `Ports` they outlive their module between `hold` and `release`. */
export class DatagramPorts {
  readonly #ports = new Set<Port>()
  #holds = 0

  async receive(
    address: Address,
    take: (datagram: Datagram) => void,
    claim: { readonly owner: string; readonly scope: AsyncDisposableStack },
  ): Promise<Receiving> {
    const wanted = formatAddress(address)
    const left = [...this.#ports].find(
      port => !port.take && port.owner === claim.owner && port.wanted === wanted,
    )
    const port = left ?? (await this.#open(address, wanted, claim.owner))
    port.take = take
    const close = async () => {
      if (port.take !== take) return
      port.take = undefined
      if (this.#holds === 0) this.#close(port)
    }
    claim.scope.defer(close)
    for (const datagram of port.waiting.splice(0)) take(datagram)
    return {
      address: port.address,
      close,
      send: (bytes, { remotePort, remoteAddress }) => {
        if (port.take === take && remotePort > 0) port.socket.send(bytes, remotePort, remoteAddress)
      },
    }
  }

  hold(): void {
    this.#holds++
  }

  release(): void {
    if (--this.#holds > 0) return
    for (const port of this.#ports) if (!port.take) this.#close(port)
  }

  async #open(address: Address, wanted: string, owner: string): Promise<Port> {
    for (const port of this.#ports) if (!port.take && port.wanted === wanted) this.#close(port)
    let socket: Socket
    try {
      socket = 'path' in address ? await openUnix(address) : await openUdp(address)
    } catch (error) {
      throw listenError(wanted, error as NodeJS.ErrnoException)
    }
    const bound =
      'path' in address ? address : { host: socket.address().address, port: socket.address().port }
    const port: Port = { owner, wanted, address: bound, socket, waiting: [], take: undefined }
    socket.on('message', (bytes, { address, port: remotePort = 0 }) => {
      const datagram = { bytes, remoteAddress: address, remotePort }
      if (port.take) port.take(datagram)
      else if (port.waiting.length < MAX_WAITING) port.waiting.push(datagram)
    })
    // Such as that of an ICMP message: the datagram is lost, the port is not.
    socket.on('error', () => {})
    this.#ports.add(port)
    return port
  }

  #close(port: Port): void {
    this.#ports.delete(port)
    port.socket.close()
    if (!('path' in port.address)) return
    try {
      unlinkSync(port.address.path)
    } catch {
      // It is gone already.
    }
  }
}

async function openUdp({ host, port }: { readonly host: string; readonly port: number }): Promise<Socket> {
  const dgram = process.getBuiltinModule('node:dgram')
  const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4')
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: host, port, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
  enlarge(socket)
  return socket
}

async function openUnix({ path, mode }: { readonly path: string; readonly mode?: number }): Promise<Socket> {
  await makePlaceFor(path)
  const socket = bindUnixDatagrams(path)
  if (socket === undefined)
    throw new ListenError(
      'ENOSYS',
      `cannot listen on ${path}: datagrams on a Unix socket need node:ffi, which this Node does not have`,
    )
  chmodSync(path, mode ?? 0o660)
  enlarge(socket)
  return socket
}

function enlarge(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
  } catch {
    // The system's own size will do.
  }
}

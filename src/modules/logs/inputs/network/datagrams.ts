import { formatAddress } from '../../../../kernel/config/address.ts'
import type { Datagram } from '../../../../kernel/datagrams.ts'
import type { Address, Deadline } from '../../../../kernel/module.ts'
import type { InputHost } from '../input.ts'
import type { Found } from './frames.ts'
import { NetworkMeters } from './meters.ts'
import { Refused } from './refused.ts'
import type { Server } from './stream-server.ts'

/** Finds the messages in datagrams that stand one behind the other; `ends` says where each of them ends. */
export type SplitDatagrams = (bytes: Buffer, ends: readonly number[]) => Found

/** Datagrams of one sender that wait, at most as many as one read may bring. */
interface Pending {
  readonly from: string
  readonly bytes: Buffer[]
  size: number
}

/** What one datagram costs beside its bytes. */
const OVERHEAD_BYTES = 256

/**
 * Takes datagrams. While the spool is busy they wait, on the account of the budget; nobody can be told to wait, so what
 * is beyond it is dropped and counted.
 */
export async function serveDatagrams(
  {
    listen,
    split,
    maxBytes,
  }: { readonly listen: Address; readonly split: SplitDatagrams; readonly maxBytes: number },
  host: InputHost,
  meters = new NetworkMeters(host),
): Promise<Server> {
  const intake = new DatagramIntake(split, maxBytes, host, meters)
  const listening = await host.receive(listen, datagram => intake.take(datagram))
  const address = formatAddress(listening.address)
  host.log.info('listening', `input ${host.name} takes datagrams at ${address}`, {
    input: host.name,
    address,
  })
  return {
    async drain(deadline: Deadline) {
      await listening.close()
      await intake.drain(deadline)
    },
  }
}

class DatagramIntake {
  readonly #split: SplitDatagrams
  readonly #maxBytes: number
  readonly #host: InputHost
  readonly #meters: NetworkMeters
  #waiting: Pending[] = []
  /** Those of them that more may be put to, by sender. */
  readonly #growing = new Map<string, Pending>()
  #work: Promise<void> | undefined

  constructor(split: SplitDatagrams, maxBytes: number, host: InputHost, meters: NetworkMeters) {
    this.#split = split
    this.#maxBytes = maxBytes
    this.#host = host
    this.#meters = meters
  }

  take({ bytes, remoteAddress }: Datagram): void {
    if (bytes.length === 0) return
    this.#meters.bytes.inc(bytes.length)
    if (bytes.length > this.#maxBytes) {
      this.#refuse(
        new Refused('too_large', `a datagram is larger than ${this.#maxBytes} bytes (maxMessage)`),
        remoteAddress,
      )
      return
    }
    if (!this.#host.budget.tryTake(bytes.length + OVERHEAD_BYTES)) {
      this.#refuse(
        new Refused('busy', 'a datagram is lost: the spool is full or slow, and `logs.memory` used up'),
        remoteAddress,
      )
      return
    }
    let pending = this.#growing.get(remoteAddress)
    if (pending === undefined || pending.size + bytes.length > this.#host.readBytes) {
      pending = { from: remoteAddress, bytes: [], size: 0 }
      this.#growing.set(remoteAddress, pending)
      this.#waiting.push(pending)
    }
    pending.bytes.push(bytes)
    pending.size += bytes.length
    this.#work ??= this.#run()
  }

  async drain(deadline: Deadline): Promise<void> {
    const late = new Promise<void>(resolve => {
      if (deadline.signal.aborted) resolve()
      else deadline.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([this.#work ?? Promise.resolve(), late])
  }

  async #run(): Promise<void> {
    // What comes in the same turn goes together.
    await new Promise(resolve => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      this.#growing.clear()
      for (const each of waiting) await this.#handOver(each)
    }
    this.#work = undefined
  }

  async #handOver({ from, bytes, size }: Pending): Promise<void> {
    const host = this.#host
    const ends: number[] = []
    let end = 0
    for (const each of bytes) ends.push((end += each.length))
    try {
      const all = bytes.length === 1 ? bytes[0] : Buffer.concat(bytes, size)
      const { next, count, ...columns } = this.#split(all, ends)
      if (count === 0) return
      const origin = { input: host.name, path: from, tag: host.tag(from) }
      await host.sink({ bytes: all, count, ...columns, readAtMs: host.clock.now(), origin })
      this.#meters.records.inc(count)
    } catch (error) {
      if (error instanceof Refused) this.#refuse(error, from)
      else if (!host.signal.aborted)
        host.log.error('datagrams_failed', `${host.key}: datagrams were lost by our own fault`, { error })
    } finally {
      host.budget.give(size + bytes.length * OVERHEAD_BYTES)
    }
  }

  #refuse({ reason, message }: Refused, from: string): void {
    this.#meters.refused(reason, `${this.#host.key}: ${message}`, from)
  }
}

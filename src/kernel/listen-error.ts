import { stat, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'

/** A port that cannot be had; `message` says which, why and how to mend it. */
export class ListenError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'ListenError'
    this.code = code
  }
}

const REASON: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there already; stop it or choose another address',
  EACCES: 'permission denied; ports below 1024 and foreign folders need rights that this user does not have',
  EADDRNOTAVAIL: 'no interface of this machine has that address',
  ENOENT: 'its folder does not exist',
  ENOTFOUND: 'the host name does not resolve',
  EINVAL: 'the system refuses the address (a socket path may have at most 107 bytes)',
}

/** What the system's error means, for people. */
export function listenError(wanted: string, error: NodeJS.ErrnoException): Error {
  if (error instanceof ListenError) return error
  const code = error.code ?? 'EUNKNOWN'
  return new ListenError(code, `cannot listen on ${wanted}: ${REASON[code] ?? error.message}`)
}

/** Before a Unix socket is bound: what a process that died has left there is removed. */
export async function makePlaceFor(path: string): Promise<void> {
  // The system would call a missing folder a lack of permission.
  await stat(dirname(path))
  await removeStale(path)
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

import fs from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import type { Log } from '../../../kernel/log/log.ts'

/** sun_path holds 108 bytes on Linux and 104 elsewhere, with the NUL. */
const MAX_SOCKET_PATH_BYTES = 103
const ATTEMPTS = 5

/**
 * One sidecar a folder. The lock is a listening Unix socket `<folder>/lock`: the kernel closes it with its
 * process, however that ends, and a connection attempt tells a live holder from a dead one. A process id in a file
 * cannot: in containers everybody is 1, and holders in other pid namespaces are invisible.
 * On file systems without sockets it warns and goes on unlocked.
 */
export async function lockFolder(folder: string, log: Log): Promise<AsyncDisposable> {
  const folderFd = fs.openSync(folder, 'r')
  const path = reachable(join(folder, 'lock'), folderFd)
  const server = createServer(socket => {
    socket.on('error', () => {})
    socket.end(`${process.pid}`)
  })
  server.unref()
  try {
    await acquire(server, path, folder)
  } catch (error) {
    if (error instanceof SpoolInUse) {
      fs.closeSync(folderFd)
      throw error
    }
    const reason = (error as Error).message
    log.warn(
      'spool_lock_unavailable',
      `cannot lock ${folder} (${reason}): make sure that no other sidecar uses it`,
    )
  }
  return {
    async [Symbol.asyncDispose]() {
      if (server.listening) await new Promise(resolve => server.close(resolve))
      fs.closeSync(folderFd)
    },
  }
}

export class SpoolInUse extends Error {
  constructor(folder: string, holder: string) {
    super(
      `the spool ${folder} is in use by another sidecar (process ${holder}); give each sidecar a dataDir of its own`,
    )
    this.name = 'SpoolInUse'
  }
}

async function acquire(server: Server, path: string, folder: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const error = await bind(server, path)
    if (!error) return
    if (error.code !== 'EADDRINUSE' || attempt === ATTEMPTS) throw error
    const holder = await holderOf(path)
    if (holder !== undefined) throw new SpoolInUse(folder, holder)
    await removeStale(path, folder)
  }
}

/** Moves the dead socket away before removing it: if another start has just put a live one there, it is put back. */
async function removeStale(path: string, folder: string): Promise<void> {
  const aside = `${path}.${process.pid.toString(36)}${Math.floor(Math.random() * 2 ** 32).toString(36)}`
  try {
    fs.renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const holder = await holderOf(aside)
  if (holder !== undefined) {
    fs.linkSync(aside, path)
    fs.unlinkSync(aside)
    throw new SpoolInUse(folder, holder)
  }
  fs.unlinkSync(aside)
}

function bind(server: Server, path: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise(resolve => {
    const failed = (error: NodeJS.ErrnoException) => resolve(error)
    server.once('error', failed)
    server.listen(path, () => {
      server.off('error', failed)
      server.on('error', () => {})
      resolve(undefined)
    })
  })
}

/** The process id of whoever listens; undefined when nobody does. A holder that is too busy to answer is `unknown`. */
function holderOf(path: string): Promise<string | undefined> {
  return new Promise(resolve => {
    let answer = ''
    const socket = connect(path)
    socket.setTimeout(500, () => socket.destroy())
    socket.on('data', data => {
      answer += data.toString('latin1')
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') resolve(undefined)
    })
    socket.on('close', () => resolve(answer || 'unknown'))
  })
}

/** A path that fits a socket address: through the folder's open descriptor where it would be too long. */
function reachable(path: string, folderFd: number): string {
  const fits = Buffer.byteLength(path) + '.stale-name-0123'.length <= MAX_SOCKET_PATH_BYTES
  return fits || process.platform !== 'linux' ? path : `/proc/self/fd/${folderFd}/lock`
}

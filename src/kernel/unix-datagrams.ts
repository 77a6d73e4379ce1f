import type { Socket } from 'node:dgram'
import { closeSync, existsSync } from 'node:fs'
import { nativeFunctions } from './native.ts'

/** unix(7), ip(7), socket(2) on Linux. */
const AF_UNIX = 1
const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
/** sockaddr_un: two bytes for the family, then the path and a NUL. */
const MAX_PATH_BYTES = 107

/**
 * A Unix socket for datagrams, such as /dev/log is, which node:dgram cannot make; its addresses mean nothing.
 * Undefined without node:ffi. Throws an error with a code when the system refuses the path.
 */
export function bindUnixDatagrams(path: string): Socket | undefined {
  const functions = unixFunctions()
  if (functions === undefined) return undefined
  const descriptor = functions.open()
  try {
    if (!functions.bind(descriptor, path)) throw systemError(existsSync(path) ? 'EADDRINUSE' : 'EACCES', path)
    return functions.adopt(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * A descriptor of which each write is a datagram to `path`, and never waits; to be closed by the caller.
 * Undefined without node:ffi. Throws an error with a code when nobody takes them.
 */
export function connectUnixDatagrams(path: string): number | undefined {
  const functions = unixFunctions()
  if (functions === undefined) return undefined
  const descriptor = functions.open()
  if (functions.connect(descriptor, path)) return descriptor
  closeSync(descriptor)
  throw systemError(existsSync(path) ? 'ECONNREFUSED' : 'ENOENT', path)
}

interface UnixFunctions {
  open(): number
  bind(descriptor: number, path: string): boolean
  connect(descriptor: number, path: string): boolean
  adopt(descriptor: number): Socket
}

function unixFunctions(): UnixFunctions | undefined {
  if (process.platform !== 'linux') return undefined
  const native = nativeFunctions({
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    bind: { arguments: ['i32', 'pointer', 'i32'], return: 'i32' },
    connect: { arguments: ['i32', 'pointer', 'i32'], return: 'i32' },
    dup3: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  })
  if (native === undefined) return undefined
  const { functions, pointerTo } = native
  const named = (how: 'bind' | 'connect') => (descriptor: number, path: string) => {
    const address = addressOf(path)
    return functions[how](descriptor, pointerTo(address), address.length) === 0
  }
  const socket = (family: number) => {
    const descriptor = functions.socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)
    if (descriptor < 0) throw systemError('EMFILE', 'a socket')
    return descriptor
  }
  return {
    open: () => socket(AF_UNIX),
    bind: named('bind'),
    connect: named('connect'),
    adopt(descriptor) {
      // node:dgram takes only the descriptor of a UDP socket; what the descriptor stands for is exchanged afterwards,
      // before the loop looks at it for the first time.
      const adopted = socket(AF_INET)
      const adopting = process.getBuiltinModule('node:dgram').createSocket('udp4')
      adopting.bind({ fd: adopted })
      functions.dup3(descriptor, adopted, SOCK_CLOEXEC)
      return adopting
    },
  }
}

function addressOf(path: string): Buffer {
  const name = Buffer.from(path)
  if (name.length > MAX_PATH_BYTES) throw systemError('EINVAL', path)
  const address = Buffer.alloc(2 + name.length + 1)
  address.writeUInt16LE(AF_UNIX, 0)
  name.copy(address, 2)
  return address
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

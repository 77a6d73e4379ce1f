import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

/** Below what systems give to outgoing connections and to whoever asks for any port, unless told otherwise. */
const [LOWEST, USUAL_LIMIT] = [15_000, 32_768]

/**
 * A port of 127.0.0.1 that nobody listens on now, for servers that cannot choose one themselves, or that come back on
 * theirs: nobody is given it by chance while they are away.
 */
export async function freePort(): Promise<number> {
  const limit = firstGivenPort()
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (limit - LOWEST))
    const server = createServer()
    const outcome = Promise.race([once(server, 'listening'), once(server, 'error')])
    server.listen(port, '127.0.0.1')
    const isFree = await outcome.then(
      ([error]) => error === undefined,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

function firstGivenPort(): number {
  try {
    const first = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10)
    return first > LOWEST + 1000 ? first : USUAL_LIMIT
  } catch {
    return USUAL_LIMIT
  }
}

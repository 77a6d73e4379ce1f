import { missing } from '../fakes/programs.ts'
import { RedisServer } from '../fakes/redis/server.ts'
import { type Destination, folderOf } from './destination.ts'

/** Each is asked in chunks: a reply of Redis is not read at any length. */
async function numbersIn(redis: RedisServer, as: 'stream' | 'list'): Promise<number[]> {
  const numbers: number[] = []
  for (let from = '-', at = 0; ; ) {
    const command =
      as === 'stream'
        ? ['XRANGE', 'logs', from, '+', 'COUNT', '1000']
        : ['LRANGE', 'logs', `${at}`, `${at + 999}`]
    const reply = await redis.ask(...command)
    if (!Array.isArray(reply)) throw new Error(`Redis answered ${JSON.stringify(reply)}`)
    for (const each of reply) {
      const record = as === 'stream' ? (each as [string, [string, string]])[1][1] : (each as string)
      numbers.push(JSON.parse(record).n)
    }
    if (reply.length < 1000) return numbers
    at += 1000
    if (as === 'stream') from = `(${(reply.at(-1) as [string])[0]}`
  }
}

function redisAs(as: 'stream' | 'list', exactlyOnce: boolean): Destination {
  return {
    kind: 'redis',
    name: `redis (${as}${exactlyOnce ? ', exactly once' : ''})`,
    missing: missing('redis-server') || undefined,
    async start(t) {
      const redis = await RedisServer.start(t, await folderOf(t))
      return {
        options: { url: `redis://127.0.0.1:${redis.port}`, as, exactlyOnce },
        arrived: () => numbersIn(redis, as),
        peer: redis,
      }
    },
  }
}

export const redis: readonly Destination[] = [redisAs('stream', false), redisAs('list', true)]

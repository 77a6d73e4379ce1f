// A proxy in a process of its own, for tests that measure it: `endpoint protocol` are its arguments. Says its port, and
// its memory whenever it is asked.
import { startProxy } from '../../src/modules/proxy/proxy-fake.ts'

const [endpoint, protocol] = process.argv.slice(2) as [string, string]
const proxy = await startProxy([endpoint], {}, undefined, { protocol })

process.on('message', () => {
  // Twice: the first run of the collector leaves what finalizers hold.
  globalThis.gc!()
  globalThis.gc!()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send!({
    rss,
    heapUsed,
    external,
    connections: proxy.host.metric('connections', { listener: 'front' }),
  })
})
process.on('disconnect', () => process.exit())
process.send!({ port: proxy.port })

// The whole scenario on one machine: a shop that writes its access log to a file and asks a stock service, visitors, and
// a sidecar that ships the log to a local store and to an Elasticsearch-compatible receiver, carries the calls to the
// stock's three instances, of which one fails, dies and comes back, and gives the shop the password of its database, which
// changes every few seconds. And a look at all of them.
//   npm start                      until Ctrl-C
//   npm start -- --seconds 15      ends by itself; exit code 1 when a line is lost, or an order is refused
//   --rate 2000                    requests a second (500)
//   --clean                        removes the folder with the logs and the store at the end

import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { startFakeElasticsearch } from '../../test/fakes/elasticsearch/server.ts'
import { Guard, Program } from './program.ts'
import { type ProxyFigures, proxyFigures } from './proxy-figures.ts'
import { Rotation } from './rotation.ts'
import { type Moment, Screen } from './screen.ts'
import { Instance } from './stock-service.ts'
import { circuitChange, Story } from './story.ts'
import { usageOf } from './usage.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    rate: { type: 'string', default: '500' },
    clean: { type: 'boolean', default: false },
  },
})
const here = import.meta.dirname
const root = dirname(dirname(here))
const forMs = values.seconds === undefined ? undefined : Number(values.seconds) * 1000
const ROTATE_BYTES = 512 * 1024
const ADMIN_PORT = 4600
const STOCK_PORT = 8180
const READY_WITHIN_MS = 10_000
const DELIVERED_WITHIN_MS = 20_000

const folder = mkdtempSync(join(tmpdir(), 'outrigger-demo-'))
const storePath = join(folder, 'logs.db')
const programs: Program[] = []
const guard = new Guard()
process.once('exit', () => {
  for (const program of programs) program.kill()
  guard.release()
  if (values.clean) rmSync(folder, { recursive: true, force: true })
})

let interrupted = () => {}
const interruption = new Promise<void>(resolve => (interrupted = resolve))
process.once('SIGINT', () => {
  process.once('SIGINT', () => process.exit(130))
  interrupted()
})
process.once('SIGTERM', interrupted)

const receiver = await startFakeElasticsearch({ sequenceField: 'sequence' })
const instances = ['stock-1', 'stock-2', 'stock-3'].map(
  name => new Instance(name, port => start(name, [join(here, 'stock.ts')], { PORT: String(port) })),
)
await Promise.all(instances.map(instance => instance.begin()))
const adminToken = randomBytes(15).toString('base64url')
const database = start('orders', [join(here, 'orders.ts')], { PORT: '0', ADMIN_TOKEN: adminToken })
const orders = `http://127.0.0.1:${(await database.says())['port']}`
const secrets = { store: join(folder, 'secrets.store'), keyFile: join(folder, 'secrets.key') }
const rotation = new Rotation({
  ...secrets,
  outrigger: join(root, 'bin/outrigger.js'),
  database: orders,
  adminToken,
  onRotated: count => story.tell(`the database has another password, for the ${ordinal(count)} time`),
})
await rotation.begin()
const ordersAccess = join(folder, 'secrets', 'orders.json')
const admin = `127.0.0.1:${await freePort(ADMIN_PORT)}`
const stock = `127.0.0.1:${await freePort(STOCK_PORT)}`
const sidecar = start(
  'sidecar',
  [join(root, 'bin/outrigger.js'), 'run', '-c', join(here, 'outrigger.yaml')],
  {
    ADMIN_LISTEN: admin,
    DATA_DIR: join(folder, 'sidecar'),
    LOG_FOLDER: folder,
    STORE_PATH: storePath,
    ELASTICSEARCH_URL: receiver.url,
    STOCK_LISTEN: stock,
    SECRETS_STORE: secrets.store,
    SECRETS_KEY: secrets.keyFile,
    ORDERS_ACCESS: ordersAccess,
    ...Object.fromEntries(instances.map(({ address }, index) => [`STOCK_${index + 1}`, address])),
  },
)
await ready(`http://${admin}/readyz`)
const app = start('application', [join(here, 'app.ts')], {
  LOG_PATH: join(folder, 'access.log'),
  ROTATE_BYTES: String(ROTATE_BYTES),
  STOCK_URL: `http://${stock}`,
  ORDERS_URL: orders,
  ORDERS_ACCESS: ordersAccess,
  PORT: '0',
})
const shop = `http://127.0.0.1:${(await app.says())['port']}`
const visitor = start('visitor', [join(here, 'visitor.ts')], { URL: shop, RATE: values.rate })

const screen = new Screen(process.stdout, {
  adminUrl: `http://${admin}/`,
  searchCommand: `bin/outrigger.js logs --store ${storePath} 'status >= 500'`,
  endMs: forMs,
})
const begun = performance.now()
const story = new Story(instances[1]!, forMs, () => performance.now() - begun)
sidecar.onSaid(line => {
  const change = circuitChange(line)
  const instance = instances.find(({ address }) => address === change?.address)
  if (change === undefined || instance === undefined) return
  instance.circuit = change.open ? 'open' : 'closed'
  story.tell(`circuit of ${instance.name} ${change.text}`)
})
// A moment that the end overtakes is not shown.
const show = () =>
  void moment().then(
    now => screen.show(now),
    () => {},
  )
const showing = setInterval(show, process.stdout.isTTY ? 500 : 1000)
await Promise.race([interruption, ...(forMs === undefined ? [] : [sleep(forMs)])])
clearInterval(showing)
await conclude()

/** In the order of a pod's end: first those who make work, then the application, then the sidecar. */
async function conclude(): Promise<void> {
  story.end()
  await rotation.end()
  await visitor.stop()
  const last = app.says()
  await app.stop()
  const { lines: written = 0, stockCalls = 0, stockFailures = 0, ...placed } = await last
  const { retries, opened } = await figures()
  const allBy = performance.now() + DELIVERED_WITHIN_MS
  while (arrived() < written && performance.now() < allBy) await sleep(100)
  const code = await sidecar.stop()
  await Promise.all([database, ...instances].map(each => each.stop()))
  await receiver.close()

  const delivered = arrived()
  const lost = written - delivered
  const duplicated = receiver.counts.documents + inStore('count(*)') - 2 * delivered
  // The terminal has put ^C at the beginning of the line.
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
  console.log(`lines written ${written}, delivered ${delivered}, lost ${lost}, duplicated ${duplicated}`)
  const times = opened === 1 ? 'once' : `${opened} times`
  console.log(
    `requests to stock ${stockCalls}, failed ${stockFailures}, retries ${retries}, circuit opened ${times}`,
  )
  const refused = placed['orderFailures'] ?? 0
  console.log(
    `orders placed ${placed['orders']}, refused ${refused}, password changed ${rotation.count} times`,
  )
  if (lost > 0 || code !== 0)
    console.error(`the sidecar ended with ${code}; its last words:\n${sidecar.said}`)
  if (!values.clean) console.log(`kept in ${folder}; --clean removes it`)
  process.exitCode = lost === 0 && refused === 0 && code === 0 ? 0 : 1
}

async function moment(): Promise<Moment> {
  const stats = await fetch(`${shop}/stats`).then(
    response => response.json() as Promise<Record<string, number>>,
  )
  return {
    atMs: performance.now() - begun,
    requests: stats['requests'] ?? 0,
    written: stats['lines'] ?? 0,
    rotations: stats['rotations'] ?? 0,
    delivered: { store: inStore('count(*)'), elasticsearch: receiver.sequences.size },
    stock: {
      calls: stats['stockCalls'] ?? 0,
      failed: stats['stockFailures'] ?? 0,
      proxy: await figures(),
      instances: await Promise.all(instances.map(instance => instance.view())),
    },
    orders: {
      placed: stats['orders'] ?? 0,
      refused: stats['orderFailures'] ?? 0,
      passwords: rotation.count,
    },
    events: story.events,
    sidecar: usageOf(sidecar.pid),
  }
}

async function figures(): Promise<ProxyFigures> {
  return proxyFigures(await fetch(`http://${admin}/metrics`).then(response => response.text()))
}

/** The number of lines that both outputs have, told apart by their sequence. */
function arrived(): number {
  return Math.min(receiver.sequences.size, inStore("count(DISTINCT json_extract(record, '$.sequence'))"))
}

/** What this SQL expression is over all records of the store; 0 while there is none. */
function inStore(expression: string): number {
  if (!existsSync(storePath)) return 0
  const database = new DatabaseSync(storePath, { readOnly: true, timeout: 1000 })
  try {
    return Number(database.prepare(`SELECT ${expression} AS it FROM records`).get()?.['it'])
  } catch {
    return 0
  } finally {
    database.close()
  }
}

function start(name: string, args: readonly string[], env: Record<string, string>): Program {
  const program = new Program(name, args, env, why => {
    console.error(why)
    process.exit(1)
  })
  programs.push(program)
  guard.watch(program)
  return program
}

async function ready(url: string): Promise<void> {
  const by = performance.now() + READY_WITHIN_MS
  for (;;) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return
    if (performance.now() > by) {
      console.error(
        `the sidecar is not ready after ${READY_WITHIN_MS / 1000} s: ${await response?.text()}\n${sidecar.said}`,
      )
      process.exit(1)
    }
    await sleep(50)
  }
}

/** The usual port, or another when something listens there already. */
function freePort(usual: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', () => (usual === 0 ? reject(new Error('no free port')) : resolve(freePort(0))))
    server.listen(usual, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

function ordinal(count: number): string {
  const ending = count % 100 > 10 && count % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')
  return `${count}${ending}`
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

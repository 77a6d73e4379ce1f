// What senders make a sidecar hold is bounded, whatever they speak and however many they are.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { SidecarProcess } from '../chaos/processes.ts'
import { freePort } from '../fakes/free-port.ts'
import { receivers } from '../inputs/receivers.ts'

const BUDGET_MIB = 8
/** At each input; together they bring several times the budget before they stop. */
const SENDERS = 60
const RECORDS = 3000
/** Buffers of sockets, and what V8 has not collected yet. */
const SLACK_MIB = 48

test('hundreds of senders that stop in the middle of large messages, at all inputs at once, take no more than the budget', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-budget-'))
  const ports = await Promise.all(receivers.map(freePort))
  const inputs = receivers.map(({ kind, config }, index) => {
    const limit = 'maxBody' in config ? { maxBody: '4MiB' } : { maxMessage: '4MiB' }
    return {
      [kind]: {
        ...config,
        ...limit,
        name: `in-${index}`,
        listen: `127.0.0.1:${ports[index]}`,
        timeout: '5m',
      },
    }
  })
  const out = join(folder, 'out.ndjson')
  const config = {
    admin: { listen: '127.0.0.1:0' },
    dataDir: join(folder, 'data'),
    logs: { memory: `${BUDGET_MIB}MiB`, inputs, outputs: [{ file: { path: out, flushInterval: '50ms' } }] },
  }
  const configFile = join(folder, 'outrigger.yaml')
  writeFileSync(configFile, JSON.stringify(config))
  const sidecar = new SidecarProcess(configFile)
  const sockets: Socket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await sidecar.signal('SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  sidecar.start()
  for (const port of ports) sockets.push(await dialed(port))
  const restMib = sidecar.residentMib()
  let mostMib = restMib
  const watch = setInterval(() => {
    mostMib = Math.max(mostMib, sidecar.residentMib())
  }, 20)
  t.after(() => clearInterval(watch))
  const numbers = Array.from({ length: RECORDS }, (_, n) => n)
  for (const [index, receiver] of receivers.entries()) {
    const half = receiver.message(numbers).subarray(0, -2)
    for (let i = 0; i < SENDERS; i++) {
      const socket = await dialed(ports[index])
      sockets.push(socket)
      socket.write(half)
    }
  }
  await pause(3000)
  clearInterval(watch)
  t.diagnostic(`at rest ${restMib} MiB, at most ${mostMib} MiB, budget ${BUDGET_MIB} MiB`)
  assert.ok(mostMib - restMib <= BUDGET_MIB + SLACK_MIB, `grew from ${restMib} to ${mostMib} MiB`)
  for (const socket of sockets.splice(0)) socket.destroy()
  // They have gone: a small message is taken again.
  for (const [index, receiver] of receivers.entries()) {
    const before = linesIn(out)
    while (linesIn(out) === before) {
      const socket = await dialed(ports[index])
      socket.write(receiver.message([1]))
      await pause(200)
      socket.destroy()
    }
  }
})

function linesIn(path: string): number {
  try {
    return readFileSync(path, 'utf8').split('\n').length
  } catch {
    return 0
  }
}

async function dialed(port: number): Promise<Socket> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const outcome = await Promise.race([
      once(socket, 'connect').catch(() => 'refused'),
      once(socket, 'close').then(() => 'refused'),
    ])
    socket.on('error', () => {})
    socket.resume()
    if (outcome !== 'refused') return socket
    await pause(50)
  }
}

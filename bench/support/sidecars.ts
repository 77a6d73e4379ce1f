/** The configurations that the benches of start and memory go through, and a sidecar started on one of them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { installedLauncher } from './installed.ts'
import { goesWithBench, ownFolder, stop } from './programs.ts'

/** What each sidecar has configured; FOLDER is its own. */
export const configurations: Readonly<Record<string, string>> = {
  'admin only': '',
  'logs → elasticsearch': `logs:
  inputs: [{ tail: { paths: ["FOLDER/logs/*.log"], format: json } }]
  outputs: [{ elasticsearch: { url: "http://127.0.0.1:9" } }]
`,
  proxy: `proxy:
  listeners: [{ listen: "127.0.0.1:0", upstream: back }]
  upstreams: { back: { endpoints: [{ address: "127.0.0.1:9" }] } }
`,
  'logs → elasticsearch, proxy': `logs:
  inputs: [{ tail: { paths: ["FOLDER/logs/*.log"], format: json } }]
  outputs: [{ elasticsearch: { url: "http://127.0.0.1:9" } }]
proxy:
  listeners: [{ listen: "127.0.0.1:0", upstream: back }]
  upstreams: { back: { endpoints: [{ address: "127.0.0.1:9" }] } }
`,
  'logs → store': `logs:
  inputs: [{ tail: { paths: ["FOLDER/logs/*.log"], format: json } }]
  outputs: [{ store: { path: "FOLDER/store.db" } }]
`,
}

export interface Started {
  readonly pid: number
  /** From the start of the process to the first 200 of /readyz. */
  readonly readyMs: number
  readonly adminUrl: string
  stop(): Promise<void>
}

export async function startSidecar(configuration: string): Promise<Started> {
  const folder = ownFolder('bench')
  mkdirSync(join(folder, 'logs'))
  writeFileSync(join(folder, 'logs', 'app.log'), '')
  const port = await freePort()
  const path = join(folder, 'outrigger.yaml')
  writeFileSync(
    path,
    `admin: { listen: "127.0.0.1:${port}" }\ndataDir: ${folder}/data\n${configuration.replaceAll('FOLDER', folder)}`,
  )
  const began = performance.now()
  const child = spawn(process.execPath, [installedLauncher(), 'run', '-c', path], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  goesWithBench(child, folder)
  let log = ''
  child.stderr.on('data', chunk => {
    log += chunk
  })
  while (!(await ready(port))) {
    if (child.exitCode !== null) throw new Error(`the sidecar ended: ${log}`)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  const readyMs = performance.now() - began
  return {
    pid: child.pid as number,
    readyMs,
    adminUrl: `http://127.0.0.1:${port}`,
    stop: () => stop(child, folder),
  }
}

/**
 * A port of this machine that nobody listens on just now. Below the range that connections take theirs from: one that
 * waits for a listener there may otherwise meet itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createServer()
    const listening = await new Promise<boolean>(resolve => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!listening) continue
    server.close()
    await once(server, 'close')
    return port
  }
}

function ready(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write('GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n'),
    )
    socket.on('error', () => resolve(false))
    socket.on('data', chunk => {
      resolve(chunk.toString('latin1').startsWith('HTTP/1.1 200'))
      socket.destroy()
    })
    socket.on('close', () => resolve(false))
  })
}

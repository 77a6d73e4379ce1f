/** A real OpenBao server in development mode, which keeps everything in memory. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'

export interface OpenBao {
  /** `http://127.0.0.1:15123` */
  readonly url: string
  /** A token that may do everything. */
  readonly rootToken: string
  /** One request with the root token; rejects unless it is answered with 200 to 299. Gives the JSON of the answer. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  /** At once; what it held is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the server says
type Answer = any

const ROOT_TOKEN = 'root-of-the-test'
const START_MS = 30_000

export async function startOpenBao(
  given: { readonly port?: number; readonly args?: readonly string[] } = {},
): Promise<OpenBao> {
  const port = given.port ?? (await freePort())
  const home = await mkdtemp(join(tmpdir(), 'outrigger-openbao-'))
  const child = spawn(
    'bao',
    [
      'server',
      '-dev',
      '-dev-no-store-token',
      `-dev-root-token-id=${ROOT_TOKEN}`,
      `-dev-listen-address=127.0.0.1:${port}`,
      ...(given.args ?? []),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], HOME: home } },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', more => (output += more))
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  await untilUp(url, () => (child.exitCode === null ? undefined : output))
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
    await rm(home, { recursive: true, force: true, maxRetries: 9 })
  }
  return {
    url,
    rootToken: ROOT_TOKEN,
    request: (method, path, body, headers) => request(url, method, path, body, headers),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}

async function request(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: { 'x-vault-token': ROOT_TOKEN, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function untilUp(url: string, ended: () => string | undefined): Promise<void> {
  const deadline = Date.now() + START_MS
  for (;;) {
    const output = ended()
    if (output !== undefined) throw new Error(`bao ended: ${output}`)
    const isUp = await fetch(`${url}/v1/secret/config`, { headers: { 'x-vault-token': ROOT_TOKEN } }).then(
      answer => answer.ok,
      () => false,
    )
    if (isUp) return
    if (Date.now() > deadline) throw new Error(`bao did not start within ${START_MS} ms`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

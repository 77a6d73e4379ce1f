import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createHttpClient } from '../../http/client/client.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { fromMetricsApi, fromPrometheus, QUERIES, type Sample } from '../../lint/overhead/usage.ts'
import type { Json } from '../../manifests/json.ts'
import type { Call } from '../call.ts'
import { kubectl } from '../kubectl.ts'

const TIMEOUT_MS = 30_000
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

/** Measured usage from where the options say; undefined: from nowhere. Rejects with what to mend. */
export async function readUsage({ values, io }: Call): Promise<readonly Sample[] | undefined> {
  const { usage, prometheus } = values
  if (typeof usage === 'string')
    return fromMetricsApi(parsed(await readFile(resolve(io.cwd, usage), 'utf8'), usage))
  if (typeof prometheus === 'string') {
    const token = await tokenOf(values['prometheus-token-file'], io.cwd)
    return fromPrometheus(await askPrometheus(prometheus, token))
  }
  if (values['metrics-api'] === true)
    return fromMetricsApi(
      parsed(await kubectl(['get', '--raw', '/apis/metrics.k8s.io/v1beta1/pods'], io), 'the metrics API'),
    )
  return undefined
}

async function tokenOf(path: unknown, cwd: string): Promise<string | undefined> {
  if (typeof path !== 'string') return undefined
  const token = (await readFile(resolve(cwd, path), 'utf8')).trim()
  // It goes into a header.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new TypeError(`${path} holds no token`)
  return token
}

async function askPrometheus(text: string, token: string | undefined): Promise<{ cpu: Json; memory: Json }> {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new TypeError(`expected a URL such as http://prometheus:9090, got "${text}"`)
  const client = createHttpClient({ origin: url, clock: systemClock(), maxConnections: 2 })
  const named = Buffer.from(decodeURIComponent(`${url.username}:${url.password}`)).toString('base64')
  const headers = {
    ...(url.username !== '' && { Authorization: `Basic ${named}` }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
  }
  const ask = async (query: string): Promise<Json> => {
    const path = `${url.pathname.replace(/\/$/, '')}/api/v1/query?query=${encodeURIComponent(query)}`
    const response = await client
      .request({ method: 'GET', path, headers, timeoutMs: TIMEOUT_MS })
      .catch((error: Error) => {
        throw new Error(`Prometheus at ${url.host} does not answer: ${error.message}`)
      })
    const body = (await response.body.bytes(MAX_ANSWER_BYTES)).toString()
    return parsed(body, `Prometheus (it answered ${response.status})`)
  }
  try {
    const [cpu, memory] = await Promise.all([ask(QUERIES.cpu), ask(QUERIES.memory)])
    return { cpu: cpu!, memory: memory! }
  } finally {
    client.close()
  }
}

function parsed(text: string, from: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    throw new TypeError(`what came from ${from} is no JSON`)
  }
}

/**
 * The admission webhook as an API server meets it: reviews a second and their latency over HTTPS and HTTP/2, audit log
 * included, and what each costs the controller. Pods of 5, 20 and 100 KB that ask for `logs,proxy`.
 */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { certificateFiles } from './support/hop.ts'
import { installedLauncher } from './support/installed.ts'
import { cpuSeconds } from './support/proc.ts'
import { ownFolder, startProgram } from './support/programs.ts'
import { review } from './support/review.ts'
import { freePort } from './support/sidecars.ts'
import { table } from './support/table.ts'

const SECONDS = 4
const folder = ownFolder('webhook')
const { server } = certificateFiles()
const port = await freePort()
const config = join(folder, 'controller.yaml')
writeFileSync(
  config,
  `admin: { listen: "127.0.0.1:${await freePort()}" }\ninjection:\n  listen: 127.0.0.1:${port}\n  certificate: { files: { certificate: ${server.cert}, key: ${server.key} } }\n`,
)
const log = join(folder, 'log')
const command = [process.execPath, installedLauncher(), 'controller', '-c', config]
const controller = await startProgram(['sh', '-c', `exec "$@" 2>"${log}"`, 'sh', ...command], port, folder)

const rows: (string | number)[][] = []
for (const kilobytes of [5, 20, 100]) {
  const body = join(folder, 'review.json')
  const text = JSON.stringify(review(kilobytes))
  writeFileSync(body, text)
  await load(body, 1)
  const before = cpuSeconds(controller.pid)
  const { requests, stdout } = await load(body, SECONDS)
  const cpuMs = ((cpuSeconds(controller.pid) - before) / requests) * 1000
  const [, least, most, mean] = /time for request:\s+(\S+)\s+(\S+)\s+(\S+)/.exec(stdout) ?? []
  rows.push([
    `${Math.round(text.length / 1024)} KB`,
    Math.round(requests / SECONDS),
    cpuMs.toFixed(2),
    Math.round(1000 / cpuMs),
    least ?? '',
    mean ?? '',
    most ?? '',
  ])
}
await controller.stop()
process.stdout.write(
  table(['review', 'reviews/s', 'CPU ms each', 'per CPU second', 'least', 'mean', 'most'], rows),
)

async function load(body: string, seconds: number): Promise<{ requests: number; stdout: string }> {
  const { stdout } = await promisify(execFile)('h2load', [
    ...['-c4', '-m2', `-D${seconds}`, '-d', body, '-H', 'content-type: application/json'],
    `https://127.0.0.1:${port}/mutate`,
  ])
  const [, good = '0'] = /status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx/.exec(stdout) ?? []
  if (Number(good) === 0) throw new Error(`reviews failed:\n${stdout}`)
  return { requests: Number(good), stdout }
}

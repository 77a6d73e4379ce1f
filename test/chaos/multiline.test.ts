import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFakeElasticsearch } from '../fakes/elasticsearch/server.ts'
import { eventually, SidecarProcess } from './processes.ts'

const KILLS = Number(process.env.CHAOS_KILLS ?? 8)
const LAST = '2026-01-02T03:04:05.000000000Z stderr F the end\n'
const wait = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

/** The lines of one trace as the runtime writes them to its standard error, some of them in two parts. */
function trace(n: number): { readonly message: string; readonly lines: readonly string[] } {
  const texts = [`shop.RefusedException: number ${n}`]
  for (let frame = 0; frame < 1 + (n % 40); frame++)
    texts.push(`\tat shop.Frame${frame}.call(${'x'.repeat(frame)})`)
  if (n % 3 === 0) texts.push(`Caused by: java.io.IOException: of ${n}`, '\t... 4 more')
  const time = '2026-01-02T03:04:05.000000000Z'
  const lines = texts.flatMap((text, at) =>
    at % 5 === 3
      ? [`${time} stderr P ${text.slice(0, 15)}\n`, `${time} stderr F ${text.slice(15)}\n`]
      : [`${time} stderr F ${text}\n`],
  )
  return { message: texts.join('\n'), lines }
}

test('traces arrive whole although the sidecar is killed in the middle of them, and files rotate', {
  timeout: 180_000,
}, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-multiline-'))
  const logs = join(folder, 'logs')
  mkdirSync(logs)
  const arrived = new Map<string, number>()
  let partial = 0
  const receiver = await startFakeElasticsearch({
    onDocument: ({ source }) => {
      if (source['partial']) partial++
      const message = String(source['message'])
      arrived.set(message, (arrived.get(message) ?? 0) + 1)
    },
  })
  const configFile = join(folder, 'outrigger.yaml')
  writeFileSync(
    configFile,
    `admin: { listen: "127.0.0.1:0" }
dataDir: ${join(folder, 'data')}
logs:
  inputs:
    - tail:
        paths: ["${logs}/app.log*"]
        format: cri
        rotateWait: 1s
        multiline: { rules: [{ builtin: java }], flushAfter: 10m }
  outputs:
    - elasticsearch: { url: "${receiver.url}", dataStream: logs-traces-chaos, flushInterval: 50ms }
`,
  )
  const sidecar = new SidecarProcess(configFile)
  t.after(async () => {
    await sidecar.signal('SIGKILL')
    await receiver.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  const path = join(logs, 'app.log')
  const expected: string[] = []
  let n = 0
  let rotations = 0
  let requests = 0

  /** One trace, line by line, with what another stream says in between; perhaps in a new file. */
  function write(upTo = Number.POSITIVE_INFINITY): (() => void) | undefined {
    if (n % 37 === 36) {
      // A trace ends with its file; this one is known to be whole.
      appendFileSync(path, LAST)
      renameSync(path, `${path}.${++rotations}`)
    }
    const { message, lines } = trace(n++)
    expected.push(message)
    const put = (line: string) => {
      appendFileSync(path, line)
      if (n % 4 > 0) return
      const request = `request ${requests++}`
      expected.push(request)
      appendFileSync(path, `2026-01-02T03:04:05.000000000Z stdout F ${request}\n`)
    }
    for (const line of lines.slice(0, upTo)) put(line)
    return lines.length > upTo ? () => lines.slice(upTo).forEach(put) : undefined
  }

  for (let kill = 0; kill < KILLS; kill++) {
    sidecar.start()
    const until = performance.now() + 400 + Math.random() * 600
    while (performance.now() < until) {
      for (let count = 0; count < 5; count++) write()
      await wait(3)
    }
    // In the middle of a trace, which has been read so far or not.
    const rest = write(1 + Math.floor(Math.random() * 3))
    await wait(Math.random() * 500)
    await sidecar.signal('SIGKILL')
    rest?.()
  }
  appendFileSync(path, LAST)
  sidecar.start()
  const missing = () => expected.filter(message => !arrived.has(message))
  await eventually('all traces arrive', 60_000, () => missing().length === 0).catch(() => {})
  const duplicated = [...arrived.values()].reduce((sum, times) => sum + times - 1, 0)
  t.diagnostic(
    `records written ${expected.length}, rotations ${rotations}, kills ${KILLS}, lost ${missing().length}, torn ${partial}, duplicated ${duplicated}`,
  )
  assert.deepEqual(missing().slice(0, 3), [], sidecar.logTail)
  const known = new Set([...expected, 'the end'])
  assert.deepEqual(
    [...arrived.keys()].filter(message => !known.has(message)).slice(0, 3),
    [],
    'no trace is torn',
  )
  assert.equal(partial, 0)
})

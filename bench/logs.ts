/**
 * bench/logs: tail → JSON → Elasticsearch bulk, CPU seconds per side from /proc, all sides in one run.
 * Sides: a bare read + parse + stringify loop, rsyslog (Debian: rsyslog, rsyslog-elasticsearch), fluent-bit when
 * it is on the PATH, and Outrigger. Each side is started idle; then the whole file is put in its place.
 *
 *   node bench/logs.ts [--lines 1000000] [--rounds 2] [--sides outrigger,rsyslog]
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installedLauncher } from './support/installed.ts'
import { cpuSeconds, memory } from './support/proc.ts'
import { table } from './support/table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '2' },
    sides: { type: 'string' },
  },
})
const lines = Number(values.lines)
/** `logs.memory` as it is unless told otherwise; what the process may take beside it. */
const BUDGET_MB = 16
const BESIDE_MB = 60

interface Result {
  readonly side: string
  readonly cpu: number
  readonly seconds: number
  readonly peakMb: number
}

interface Side {
  readonly name: string
  /** Starts the collector on `folder`, sending to the port; it reads `<folder>/app.log` once that appears. */
  start(folder: string, port: number): ChildProcess
}

/** JSON access-log lines of about 236 bytes. */
function generate(path: string): number {
  const file = openSync(path, 'w')
  let block = ''
  for (let i = 0; i < lines; i++) {
    const time = new Date(1_790_000_000_000 + i * 3).toISOString()
    const status = i % 97 === 0 ? 503 : i % 13 === 0 ? 404 : 200
    block += `{"time":"${time}","level":"${status < 500 ? 'info' : 'error'}","method":"GET","path":"/api/v1/orders/${(i * 7919) % 1_000_000}","status":${status},"bytes":${(i * 31) % 20_000},"duration_ms":${(i % 4000) / 10},"client":"10.${i % 256}.${(i >> 8) % 256}.7","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","trace":"${((i * 2654435761) >>> 0).toString(16).padStart(8, '0')}"}\n`
    if (block.length > 1 << 20) {
      writeSync(file, block)
      block = ''
    }
  }
  writeSync(file, block)
  closeSync(file)
  return statSync(path).size
}

function command(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}

const outrigger: Side = {
  name: 'outrigger',
  start(folder, port) {
    writeFileSync(
      join(folder, 'outrigger.yaml'),
      `admin: { listen: "127.0.0.1:0" }
dataDir: ${folder}/data
logs:
  inputs:
    - tail: { paths: [${folder}/app.log], format: json }
  outputs:
    - elasticsearch: { url: "http://127.0.0.1:${port}" }
`,
    )
    return spawn(process.execPath, [installedLauncher(), 'run', '-c', join(folder, 'outrigger.yaml')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  },
}

const rsyslog: Side = {
  name: 'rsyslog',
  start(folder, port) {
    writeFileSync(
      join(folder, 'rsyslog.conf'),
      `global(workDirectory="${folder}" maxMessageSize="64k")
module(load="imfile" mode="inotify")
module(load="mmjsonparse")
module(load="omelasticsearch")
template(name="document" type="list") { property(name="$!all-json") }
input(type="imfile" file="${folder}/app.log" tag="app:")
action(type="mmjsonparse" cookie="")
action(type="omelasticsearch" server="127.0.0.1" serverport="${port}" template="document" searchIndex="bench" searchType=""
       bulkmode="on" maxbytes="5m" queue.type="linkedList" queue.size="20000" queue.dequeuebatchsize="5000" action.resumeRetryCount="-1")
`,
    )
    return spawn('rsyslogd', ['-n', '-f', join(folder, 'rsyslog.conf'), '-i', join(folder, 'rsyslog.pid')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  },
}

const fluentBit: Side = {
  name: 'fluent-bit',
  start(folder, port) {
    writeFileSync(join(folder, 'parsers.conf'), '[PARSER]\n    Name json\n    Format json\n')
    writeFileSync(
      join(folder, 'fluent-bit.conf'),
      `[SERVICE]
    Flush 1
    Parsers_File ${folder}/parsers.conf
[INPUT]
    Name tail
    Path ${folder}/app.log
    Parser json
    Read_from_Head true
    Refresh_Interval 1
    Mem_Buf_Limit 16M
[OUTPUT]
    Name es
    Match *
    Host 127.0.0.1
    Port ${port}
    Suppress_Type_Name On
    Index bench
`,
    )
    return spawn('fluent-bit', ['-q', '-c', join(folder, 'fluent-bit.conf')], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  },
}

/** A `_bulk` receiver in its own process, and the count of documents that it tells. */
async function startSink() {
  const child = spawn(process.execPath, [join(root, 'bench/support/bulk-sink.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const state = { port: 0, documents: 0 }
  let rest = ''
  child.stdout.on('data', chunk => {
    rest += chunk
    const parts = rest.split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) Object.assign(state, JSON.parse(part))
  })
  while (!state.port) await sleep(10)
  return { state, stop: () => child.kill() }
}

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

async function measure(side: Side, prepared: string): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'))
  mkdirSync(folder, { recursive: true })
  const sink = await startSink()
  const child = side.start(folder, sink.state.port)
  const pid = child.pid as number
  try {
    await sleep(1500)
    const input = join(folder, 'app.log')
    execFileSync('cp', [prepared, `${input}.new`])
    const cpuBefore = cpuSeconds(pid)
    const began = performance.now()
    renameSync(`${input}.new`, input)
    while (sink.state.documents < lines) {
      if (child.exitCode !== null || performance.now() - began > 300_000)
        throw new Error(`${side.name}: ${sink.state.documents} of ${lines} arrived`)
      await sleep(20)
    }
    const seconds = (performance.now() - began) / 1000
    return { side: side.name, cpu: cpuSeconds(pid) - cpuBefore, seconds, peakMb: memory(pid).peakMb }
  } finally {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    sink.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

function bareLoop(prepared: string): Result {
  const began = performance.now()
  const output = execFileSync(process.execPath, [join(root, 'bench/support/bare-loop.ts'), prepared], {
    encoding: 'utf8',
  })
  return {
    side: 'bare loop',
    cpu: JSON.parse(output).cpuSeconds,
    seconds: (performance.now() - began) / 1000,
    peakMb: 0,
  }
}

const work = mkdtempSync(join(tmpdir(), 'outrigger-bench-input-'))
const prepared = join(work, 'app.log')
const megabytes = generate(prepared) / 1e6
process.stdout.write(
  `${lines} lines, ${megabytes.toFixed(0)} MB, ${((megabytes * 1e6) / lines).toFixed(0)} bytes a line\n`,
)
installedLauncher()
const installed = [
  outrigger,
  ...(command('fluent-bit') ? [fluentBit] : []),
  ...(command('rsyslogd') ? [rsyslog] : []),
]
const sides = installed.filter(side => !values.sides || values.sides.split(',').includes(side.name))
const results: Result[] = []
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    results.push(bareLoop(prepared))
    for (const side of sides) results.push(await measure(side, prepared))
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}

const best = [...new Set(results.map(r => r.side))].map(side =>
  results.filter(r => r.side === side).reduce((a, b) => (b.cpu < a.cpu ? b : a)),
)
const ours = best.find(r => r.side === 'outrigger')
process.stdout.write(
  `${table(
    ['side', 'CPU s', 'MB per CPU-second', 'wall s', 'peak RSS MB', 'allowed', 'outrigger is'],
    best.map(r => [
      r.side,
      r.cpu.toFixed(2),
      (megabytes / r.cpu).toFixed(0),
      r.seconds.toFixed(1),
      r.peakMb ? r.peakMb.toFixed(0) : '-',
      r === ours ? String(BUDGET_MB + BESIDE_MB) : '-',
      r === ours || !ours ? '-' : `${(r.cpu / ours.cpu).toFixed(2)} ×`,
    ]),
  )}\n`,
)

/**
 * bench/logs-load: the log module under loads of several kinds, each record counted at the receiver.
 * rotation: one file at 50,000 lines a second, renamed all the time. files: the same lines over 200 files.
 * java: stack traces among other lines, joined (and the same file unjoined, for comparison). nginx: a regular expression.
 *
 *   node bench/logs-load.ts [--scenarios rotation,files,java,nginx] [--seconds 15] [--rate 50000] [--lines 600000]
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
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

const { values } = parseArgs({
  options: {
    scenarios: { type: 'string', default: 'rotation,files,java,nginx' },
    seconds: { type: 'string', default: '15' },
    rate: { type: 'string', default: '50000' },
    lines: { type: 'string', default: '600000' },
  },
})
/** `logs.memory`; what the process may take beside it. */
const BUDGET_MB = 16
const BESIDE_MB = 60

interface Written {
  /** Records that must arrive: one for each number. */
  readonly records: number
  readonly bytes: number
}

interface Scenario {
  readonly name: string
  /** Options of the input beside its paths. */
  readonly input: string
  /** Writes the logs; resolves when all is written. */
  write(folder: string): Promise<Written>
}

function written(name: string, files: number, rotateBytes: number): Scenario {
  return {
    name,
    input: 'format: json',
    async write(folder) {
      const program = fileURLToPath(new URL('support/log-writer.ts', import.meta.url))
      const parameters = [folder, values.rate, values.seconds, files, rotateBytes].map(String)
      const child = spawn(process.execPath, [program, ...parameters], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      child.stdout.on('data', chunk => {
        output += chunk
      })
      await once(child, 'close')
      const { lines, bytes } = JSON.parse(output)
      return { records: lines, bytes }
    },
  }
}

/** A file that is there all at once. `text` gives the lines of record `n`. */
function prepared(name: string, input: string, text: (n: number) => string): Scenario {
  return {
    name,
    input,
    async write(folder) {
      const path = join(folder, 'app-0.log')
      const file = openSync(`${path}.new`, 'w')
      let lines = 0
      let bytes = 0
      let records = 0
      for (; lines < Number(values.lines); ) {
        let block = ''
        while (block.length < 1 << 20 && lines < Number(values.lines)) {
          const one = text(records++)
          lines += one.split('\n').length - 1
          block += one
        }
        bytes += writeSync(file, block)
      }
      closeSync(file)
      renameSync(`${path}.new`, path)
      return { records, bytes }
    },
  }
}

/** Every tenth record is a trace of 30 lines. */
function javaLog(n: number): string {
  if (n % 10 > 0)
    return `2026-03-01 10:00:00.${String(n % 1000).padStart(3, '0')}  INFO 7 --- [nio-8080-exec-${n % 16}] c.example.shop.OrderController : order @@${n}@@ accepted\n`
  let text = `2026-03-01 10:00:01.000 ERROR 7 --- [nio-8080-exec-3] c.example.shop.Payment : com.example.shop.PaymentException: number @@${n}@@ refused\n`
  for (let frame = 0; frame < 26; frame++)
    text += `\tat com.example.shop.pay.Gateway$Session.lambda$charge$${frame}(Gateway.java:${100 + frame})\n`
  return `${text}Caused by: java.net.SocketTimeoutException: Read timed out\n\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)\n\t... 21 more\n`
}

function nginxLine(n: number): string {
  return `10.0.${n % 256}.7 - - [01/Mar/2026:10:00:${String(n % 60).padStart(2, '0')} +0000] "GET /api/v1/orders/@@${n}@@ HTTP/1.1" ${n % 50 ? 200 : 502} ${n % 9000} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"\n`
}

const NGINX = String.raw`^(?<client>\S+) \S+ (?<user>\S+) \[(?<time>[^\]]+)\] "(?<method>\S+) (?<path>\S+) [^"]*" (?<status>\d+) (?<bytes>\d+) "(?<referer>[^"]*)" "(?<agent>[^"]*)"$`

const scenarios: readonly Scenario[] = [
  written('rotation', 1, 8 << 20),
  written('files', 200, 1 << 20),
  prepared('java', 'format: raw, multiline: { rules: [{ builtin: java }] }', javaLog),
  prepared('java, lines', 'format: raw', javaLog),
  prepared(
    'nginx',
    `format: regex, pattern: '${NGINX}', time: { field: time, format: '%d/%b/%Y:%H:%M:%S %z' }`,
    nginxLine,
  ),
]

async function startSink() {
  const program = fileURLToPath(new URL('support/bulk-sink.ts', import.meta.url))
  const child = spawn(process.execPath, [program, 'ledger'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const state = { port: 0, documents: 0, distinct: 0 }
  let rest = ''
  child.stdout.on('data', chunk => {
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) Object.assign(state, JSON.parse(part))
  })
  while (!state.port) await sleep(10)
  return { state, stop: () => child.kill() }
}

const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

function startSidecar(folder: string, port: number, input: string): ChildProcess {
  const configFile = join(folder, 'outrigger.yaml')
  writeFileSync(
    configFile,
    `admin: { listen: "127.0.0.1:0" }
dataDir: ${folder}/data
logs:
  inputs:
    - tail: { paths: ['${folder}/logs/app-*.log*'], exclude: ['*.new'], ${input} }
  outputs:
    - elasticsearch: { url: "http://127.0.0.1:${port}" }
  memory: ${BUDGET_MB}MiB
`,
  )
  return spawn(process.execPath, [installedLauncher(), 'run', '-c', configFile], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function measure({ name, input, write }: Scenario): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-'))
  mkdirSync(join(folder, 'logs'))
  const sink = await startSink()
  const child = startSidecar(folder, sink.state.port, input)
  const pid = child.pid!
  try {
    await sleep(1500)
    const cpuBefore = cpuSeconds(pid)
    const { records, bytes } = await write(join(folder, 'logs'))
    const end = performance.now() + 60_000
    while (sink.state.distinct < records && performance.now() < end && child.exitCode === null)
      await sleep(50)
    // What arrives twice arrives late.
    await sleep(1000)
    const cpu = cpuSeconds(pid) - cpuBefore
    const { distinct, documents } = sink.state
    const { peakMb } = memory(pid)
    const isUnjoined = name === 'java, lines'
    return [
      name,
      String(records),
      (bytes / 1e6).toFixed(0),
      cpu.toFixed(2),
      (bytes / 1e6 / cpu).toFixed(0),
      peakMb.toFixed(0),
      String(BUDGET_MB + BESIDE_MB),
      String(records - distinct),
      isUnjoined ? '-' : String(documents - distinct),
    ]
  } finally {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    sink.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

installedLauncher()
const chosen = values.scenarios.split(',')
const rows: (readonly string[])[] = []
for (const scenario of scenarios) {
  if (chosen.includes(scenario.name.split(',')[0]!)) rows.push(await measure(scenario))
}
process.stdout.write(
  `${table(
    ['load', 'records', 'MB', 'CPU s', 'MB per CPU-second', 'peak RSS MB', 'allowed', 'lost', 'duplicated'],
    rows,
  )}\n`,
)

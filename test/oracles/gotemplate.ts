/** Go's own text/template in a process of its own. */
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { GoUint, StringMap, type Value } from '../../src/wire/gotemplate/value.ts'
import { JsonNumber } from '../../src/wire/json/lossless.ts'

export interface OracleRequest {
  readonly template: string
  readonly data: Value
  readonly missingKey: 'default' | 'zero' | 'error'
  readonly delimiters?: readonly [string, string]
  /** How often it is executed after the first time; the answer says how long that took. */
  readonly rounds?: number
}

export interface OracleAnswer {
  readonly output: string
  readonly error?: string
  readonly nanoseconds?: number
}

export interface Oracle {
  ask(requests: readonly OracleRequest[]): Promise<OracleAnswer[]>
  stop(): Promise<void>
}

/** Builds it (the standard library only) and starts it. */
export async function startOracle(): Promise<Oracle> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-oracle-'))
  const program = join(folder, 'oracle')
  await promisify(execFile)('go', ['build', '-o', program, '.'], {
    cwd: join(import.meta.dirname, 'gotemplate'),
  })
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(requests) {
      const written = requests.map(
        ({ template, data, missingKey, delimiters = ['', ''], rounds = 0 }) =>
          `${JSON.stringify({ template, data: encoded(data), missingKey, left: delimiters[0], right: delimiters[1], rounds })}\n`,
      )
      child.stdin.write(written.join(''))
      const answers: OracleAnswer[] = []
      while (answers.length < requests.length) {
        const { value, done } = await lines.next()
        if (done === true) throw new Error('the oracle has ended')
        answers.push(JSON.parse(value))
      }
      return answers
    },
    async stop() {
      child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What JSON does not tell apart is an object with the name of its kind. */
function encoded(value: Value): unknown {
  if (typeof value === 'bigint') return { int: String(value) }
  if (typeof value === 'number') return { float: String(value) }
  if (value instanceof GoUint) return { uint: String(value.value) }
  if (value instanceof JsonNumber) return { number: value.text }
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') }
  if (value instanceof StringMap) return { strings: Object.fromEntries(value as Map<string, string>) }
  if (value instanceof Map)
    return { map: Object.fromEntries([...value].map(([key, each]) => [String(key), encoded(each as Value)])) }
  if (Array.isArray(value)) return value.map(encoded)
  return value
}

import type { Clock } from '../../../../kernel/clock/clock.ts'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Step, StepEvent, StepHost } from '../step.ts'
import { isBounded } from './bounded.ts'
import type { ScriptConfig } from './config.ts'

/** After a run that took too long the script rests for so many times its limit. */
const REST = 10

/** So long the texts and names of a record may be together. */
const MAX_LENGTH = 4 * 1024 * 1024

/** What came of one run: JSON text that takes the record's place, or what else the first character says. */
const DROPPED = 'd'
const FAILED = '!'

/** Runs an expression over each record, in a context of its own that holds the language and nothing else. */
export function scriptStep(config: ScriptConfig, { metrics, owner, log, clock, key }: StepHost): Step {
  const failed = metrics
    .counter('script_failures_total', 'Records for which a script threw or took too long.', ['input', 'step'])
    .with(owner, key)
  const script = new Script(config, clock)
  const text = new ByteWriter(1024)
  const check = new JsonRecord()
  return (record, event) => {
    text.length = 0
    if (record.changed) record.writeTo(text)
    else text.copy(record.bytes, record.start, record.end)
    const before = text.bytes.toString('utf8', 0, text.length)
    const result = script.run(before, event)
    if (result === DROPPED) return false
    if (result.startsWith(FAILED)) {
      failed.inc()
      log.warn('script_failed', `${key}: ${result.slice(1)}`, { step: key })
      return config.onFailure === 'keep'
    }
    if (result === before) return true
    const bytes = Buffer.from(result)
    if (check.open(bytes, 0, bytes.length)) record.open(bytes, 0, bytes.length)
    return true
  }
}

class Script {
  readonly #run: () => void
  readonly #set: (record: string, tag: string, path: string, input: string, time: number) => void
  readonly #result: () => string
  readonly #clock: Clock
  readonly #timeoutMs: number
  #restsUntilMs = Number.NEGATIVE_INFINITY

  constructor({ source, timeoutMs }: ScriptConfig, clock: Clock) {
    const vm = process.getBuiltinModule('node:vm')
    const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
      codeGeneration: { strings: false, wasm: false },
    })
    // Only texts and numbers cross over: no object of ours is ever seen from inside.
    ;[this.#set, this.#result] = vm.runInContext(bootstrap(source), context)
    const call = new vm.Script('__run()')
    this.#run = isBounded(source)
      ? () => call.runInContext(context)
      : () => call.runInContext(context, { timeout: timeoutMs })
    this.#timeoutMs = timeoutMs
    this.#clock = clock
  }

  run(record: string, { tag, path, input, timeMs }: StepEvent): string {
    const nowMs = this.#clock.monotonic()
    if (nowMs < this.#restsUntilMs) return `${FAILED}it rests, because it took too long`
    this.#set(record, tag, path, input, timeMs)
    try {
      this.#run()
    } catch (error) {
      // What the script itself throws is caught inside: this is the watchdog, or a stack that was too deep.
      if ((error as NodeJS.ErrnoException)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
        this.#restsUntilMs = this.#clock.monotonic() + REST * this.#timeoutMs
        return `${FAILED}it took longer than ${this.#timeoutMs} ms`
      }
      return `${FAILED}it could not be run`
    }
    return this.#result()
  }
}

/** What is done once in the context: everything is frozen, and the expression becomes a function. */
function bootstrap(source: string): string {
  return `'use strict';
(() => {
  for (const name of ['console', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'Promise', 'AsyncDisposableStack', 'FinalizationRegistry', 'WeakRef', 'escape', 'unescape'])
    delete globalThis[name]
  // Nothing can be left for later: a watchdog's end in the middle of that would take the process with it.
  delete Array.fromAsync
  // The text of a stack is made by a function of ours; without a limit no stack is kept, and it is never called.
  delete Error.stackTraceLimit
  delete Error.captureStackTrace
  const { parse, stringify } = JSON
  const { isArray } = Array
  const text = String
  let given = '', tag = '', path = '', input = '', time = 0, output = ''
  const evaluate = (record, tag, path, input, time) => (${source}
)
  // Before the text is made: nothing interrupts that.
  const fits = value => {
    let room = ${MAX_LENGTH}
    const walk = value => {
      if (typeof value === 'string') room -= value.length
      else if (isArray(value)) {
        room -= value.length
        for (let at = 0; at < value.length && room >= 0; at++) walk(value[at])
      } else if (typeof value === 'object' && value !== null) {
        for (const name in value) {
          room -= name.length + 4
          if (room < 0) return
          walk(value[name])
        }
      }
    }
    walk(value)
    return room >= 0
  }
  const run = () => {
    output = '${FAILED}it gave no JSON'
    try {
      const record = parse(given)
      const value = evaluate(record, tag, path, input, time)
      if (value === false || value === null) { output = '${DROPPED}'; return }
      const result = typeof value === 'object' && !isArray(value) ? value : record
      if (!fits(result)) { output = '${FAILED}it made a record of more than ${MAX_LENGTH} characters'; return }
      const json = stringify(result)
      if (typeof json === 'string' && json[0] === '{') output = json
    } catch (error) {
      let why = 'it threw something'
      try { why = text(error) } catch {}
      output = '${FAILED}' + why.slice(0, 500)
    }
  }
  Object.defineProperty(globalThis, '__run', { value: run })
  const frozen = new Set()
  const freeze = value => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || frozen.has(value)) return
    frozen.add(value)
    Object.freeze(value)
    for (const { value: inner, get, set } of Object.values(Object.getOwnPropertyDescriptors(value))) {
      freeze(inner)
      freeze(get)
      freeze(set)
    }
    freeze(Object.getPrototypeOf(value))
  }
  for (const value of [globalThis, () => {}, function* () {}, [][Symbol.iterator](), new Map().entries(), new Set().values(), ''[Symbol.iterator](), /x/[Symbol.matchAll]('')])
    freeze(value)
  return [
    (...values) => { [given, tag, path, input, time] = values },
    () => output,
  ]
})()`
}

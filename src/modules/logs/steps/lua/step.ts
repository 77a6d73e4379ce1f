import { readFileSync } from 'node:fs'
import { JsonRecord } from '../../../../wire/json/record.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import type { Step, StepHost } from '../step.ts'
import type { LuaConfig } from './config.ts'
import { type Json, LuaEngine, type Returned } from './engine.ts'

/** Runs a script over each record. Throws an Error for a script that cannot be read or has a mistake. */
export function luaStep(config: LuaConfig, { metrics, owner, log, key, env }: StepHost): Step {
  const failed = metrics
    .counter('script_failures_total', 'Records for which a script threw or took too long.', ['input', 'step'])
    .with(owner, key)
  const engine = engineOf(config, key, {
    getenv: name => env[name],
    print: text => log.info('lua_print', text.slice(0, 1000), { step: key }),
  })
  const text = new ByteWriter(1024)
  const check = new JsonRecord()
  const fail = (reason: string): boolean => {
    failed.inc()
    log.warn('script_failed', `${key}: ${reason}`, { step: key })
    return config.onFailure === 'keep'
  }
  const self = {}
  return (record, event) => {
    if (event.isSibling(self)) return true
    text.length = 0
    record.writeTo(text)
    let returned: Returned
    try {
      const before = JSON.parse(text.bytes.toString('utf8', 0, text.length)) as Json
      returned = engine.call(event.tag, event.timeMs, before)
    } catch (error) {
      return fail((error as Error).message)
    }
    const { code, timeMs, record: after } = returned
    if (code === -1) return false
    if (code === 0) return true
    if (code !== 1 && code !== 2) return fail(`expected a code from -1 to 2, got ${code}`)
    if (timeMs !== undefined && Number.isFinite(timeMs)) event.timeMs = timeMs
    const [first, ...others] = Array.isArray(after) ? after : [after]
    if (first === undefined) return false
    const written: Buffer[] = []
    for (const one of [first, ...others]) {
      if (typeof one !== 'object' || one === null || Array.isArray(one))
        return fail('expected a record as a table with names, or a list of such')
      const bytes = Buffer.from(JSON.stringify(one))
      if (!check.open(bytes, 0, bytes.length)) return fail(`the record cannot be written: ${check.error}`)
      written.push(bytes)
    }
    for (const more of written.slice(1))
      if (!event.emitSibling(more, self))
        return fail('a step of an output cannot make several records of one')
    record.open(written[0], 0, written[0].length)
    return true
  }
}

type Surroundings = Pick<ConstructorParameters<typeof LuaEngine>[0], 'getenv' | 'print'>

function engineOf(config: LuaConfig, key: string, surroundings: Surroundings): LuaEngine {
  const { file, source } = config
  try {
    return new LuaEngine({
      ...surroundings,
      source: source ?? readFileSync(file!, 'utf8'),
      name: file ?? 'source',
      function: config.function,
      timeAsTable: config.timeAsTable,
      integerFields: new Set(config.integerFields),
      arrayFields: new Set(config.arrayFields),
      keepNull: config.keepNull,
      maxInstructions: config.maxInstructions,
    })
  } catch (error) {
    throw new Error(`${key}: ${(error as Error).message}`)
  }
}

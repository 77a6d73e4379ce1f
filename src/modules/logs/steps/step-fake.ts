import { type FakeHost, fakeHost } from '../../../kernel/host-fake.ts'
import { JsonRecord } from '../../../wire/json/record.ts'
import { ByteWriter } from '../../../wire/json/writer.ts'
import { recordMetrics } from '../record-metrics.ts'
import { checkSteps, stepsSchema } from './config.ts'
import { createSteps } from './create.ts'

export interface FakeStep {
  readonly host: FakeHost
  /** What the first records would wait for. */
  readonly learnt: readonly Promise<unknown>[]
  /** What the step makes of a record; undefined when it drops it. */
  apply(text: string, path?: string, tag?: string): string | undefined
}

/** One step as a user writes it, for tests. */
export function stepOf(
  written: object,
  { env = {}, offline = false }: { env?: Readonly<Record<string, string>>; offline?: boolean } = {},
): FakeStep {
  const host = fakeHost({ env })
  const learnt: Promise<unknown>[] = []
  const decoded = stepsSchema.decode([written])
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  const problems = checkSteps(decoded.value, [])
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const [step] = createSteps(decoded.value, {
    ...host,
    recordMetrics: recordMetrics(host.metrics),
    owner: 'test',
    key: 'logs.steps',
    offline,
    holdFor: promise => learnt.push(promise),
  })
  return {
    host,
    learnt,
    apply(text, path = 'stdin', tag = 'test') {
      const record = new JsonRecord()
      if (!record.open(Buffer.from(text), 0, Buffer.byteLength(text))) throw new Error(`no object: ${text}`)
      const event = {
        timeMs: 1_500_000_000_250,
        tag,
        path,
        input: 'test',
        readAtMs: 0,
        emitCopy: () => false,
        emitSibling: () => false,
        isSibling: () => false,
      }
      if (!step(record, event)) return undefined
      const out = new ByteWriter(64)
      record.writeTo(out)
      return out.bytes.toString('utf8', 0, out.length)
    },
  }
}

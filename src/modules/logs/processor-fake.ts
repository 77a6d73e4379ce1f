import type { FakeClock } from '../../kernel/clock/fake.ts'
import { s } from '../../kernel/config/schema.ts'
import { fakeHost } from '../../kernel/host-fake.ts'
import type { LongWork } from '../../kernel/long-work.ts'
import type { Registry } from '../../kernel/metrics/registry.ts'
import type { Batch } from './batch.ts'
import { checkFormat } from './formats/check.ts'
import { formatFields } from './formats/config.ts'
import type { Lines } from './lines.ts'
import { linesOf } from './lines-fake.ts'
import { createProcessor, type ProcessorOptions } from './processor.ts'
import { recordMetrics } from './record-metrics.ts'
import { checkSteps, stepsSchema } from './steps/config.ts'
import { createSteps } from './steps/create.ts'

export interface FakeProcessor {
  /** The batch of the lines' own tag, when there is no other. */
  process(lines: Lines | string): Batch
  batches(lines: Lines | string): readonly Batch[]
  /** The same, a step at a time. */
  begin(lines: Lines | string): LongWork<readonly Batch[]>
  readonly clock: FakeClock
  readonly registry: Registry
  /** A counter's value; undefined when it has never been touched. */
  metric(name: string, labels?: Record<string, string>): number | undefined
}

/** A processor for tests, from options as a user writes them. */
export function processorOf(
  format: object,
  steps: readonly object[] = [],
  options: Pick<ProcessorOptions, 'keepEmptyLines' | 'memory'> = {},
): FakeProcessor {
  const host = fakeHost()
  const decodedFormat = s.object(formatFields, { about: 'a format' }).decode(format)
  const decodedSteps = stepsSchema.decode(steps)
  if (!decodedFormat.ok || !decodedSteps.ok) throw new Error(JSON.stringify([decodedFormat, decodedSteps]))
  const problems = [...checkFormat(decodedFormat.value, []), ...checkSteps(decodedSteps.value, [])]
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const metrics = recordMetrics(host.metrics)
  const process = createProcessor({
    format: decodedFormat.value,
    ownSteps: [],
    steps: createSteps(decodedSteps.value, {
      ...host,
      recordMetrics: metrics,
      owner: 'test',
      key: 'logs.steps',
    }),
    input: 'test',
    metrics,
    ...options,
  })
  const begin = (lines: Lines | string) => process(typeof lines === 'string' ? linesOf(lines) : lines)
  return {
    begin,
    clock: host.clock,
    registry: host.registry,
    process: lines => {
      const batches = atOnce(begin(lines))
      if (batches.length > 1) throw new Error('there are several tags')
      return batches[0]
    },
    batches: lines => atOnce(begin(lines)),
    metric: (name, labels = {}) => host.metric(name, { input: 'test', ...labels }),
  }
}

/** Takes all steps in one go. */
export function atOnce<T>(work: LongWork<T>): T {
  for (;;) {
    const step = work.next()
    if (step.done) return step.value
  }
}

import type { Clock } from '../../../kernel/clock/clock.ts'
import { keyPathOf } from '../../../wire/json/path.ts'
import { fieldPath } from '../condition/field.ts'
import type { FormatConfig } from '../formats/config.ts'
import type { RecordMetrics } from '../record-metrics.ts'
import type { MultilineConfig } from './config.ts'
import { Joiner } from './joiner.ts'
import { Joining } from './joining.ts'
import { createRules } from './rule.ts'

/** What puts the records of an input together. */
export function createJoining(parts: JoinerParts): Joining {
  return new Joining(createJoiner(parts), parts.clock)
}

/** Formats whose lines are records of fields with a text of an application in them. */
const OF_FIELDS: ReadonlySet<FormatConfig['format']> = new Set([
  'json',
  'cri',
  'docker',
  'container',
  'syslog',
])

export interface JoinerParts {
  /** Must have passed `checkMultiline`. */
  readonly config: MultilineConfig
  readonly format: FormatConfig['format']
  /** The input's name in metrics. */
  readonly input: string
  /** What may be held of records that are being put together. */
  readonly memoryBytes: number
  readonly clock: Clock
  readonly metrics: RecordMetrics
}

function createJoiner({ config, format, input, memoryBytes, clock, metrics }: JoinerParts): Joiner {
  const joined = metrics.joined.with(input)
  const field = keyPathOf(fieldPath(config.field))
  const { patternField, groupBy, flushAfterMs, maxLines, maxRecordBytes } = config
  return new Joiner({
    rules: createRules(config.rules),
    readsFields: OF_FIELDS.has(format) || patternField !== undefined || groupBy.length > 0,
    field,
    patternField: patternField === undefined ? field : keyPathOf(fieldPath(patternField)),
    groupBy: groupBy.map(name => keyPathOf(fieldPath(name))),
    flushAfterMs,
    maxLines,
    maxBytes: maxRecordBytes,
    memoryBytes,
    clock,
    onJoined: () => joined.inc(),
    onClosed: reason => metrics.closedEarly.with(input, reason).inc(),
  })
}

import { awsWorld } from '../../../../backends/aws/world.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { learn } from '../learning.ts'
import type { Step, StepHost } from '../step.ts'
import { type EcsConfig, PLACE, type TaskFact } from './config.ts'
import { type Facts, instanceTasks, ownTask, type Tasks } from './tasks.ts'

type Fields = readonly (readonly [KeyPath, Buffer])[]

/** How many tags are remembered with what they come to. */
const MAX_TAGS = 10_000

/** Adds what is known of the task that a record is of. */
export function ecsStep({ fields, introspection, retryIntervalMs }: EcsConfig, host: StepHost): Step {
  const texts = Object.entries(fields).map(([field, text]) => [keyPathOf(fieldPath(field)), text] as const)
  const { ask } = awsWorld(host.clock, host.env)
  let tasks: Tasks | undefined
  let askAgainAtMs = Number.POSITIVE_INFINITY
  const known = new Map<string, Fields>()
  const look = () => {
    askAgainAtMs = Number.POSITIVE_INFINITY
    learn(host, {
      firstPauseMs: retryIntervalMs,
      ask: () =>
        introspection === undefined ? ownTask(ask, host.env) : instanceTasks(ask, introspection.url),
      take: answer => {
        tasks = answer
        known.clear()
        askAgainAtMs = host.clock.monotonic() + retryIntervalMs
      },
    })
  }
  if (!host.offline) look()
  const unknown = host.metrics
    .counter(
      'ecs_unknown_containers_total',
      'Records whose container the agent of ECS does not know (yet).',
      ['input'],
    )
    .with(host.owner)
  const fieldsOf = (tag: string, of: Tasks): Fields => {
    if (introspection === undefined) return filled(texts, { ...of.common, ...containerOf(tag) })
    const id = idIn(tag, introspection.tagPrefix)
    const facts = id === undefined ? undefined : of.containers.get(id)
    if (facts !== undefined) return filled(texts, facts)
    if (id !== undefined) {
      unknown.inc()
      // Containers come and go.
      if (host.clock.monotonic() >= askAgainAtMs) look()
    }
    return filled(texts, of.common)
  }
  const value = new ValueSpan()
  return (record, { tag }) => {
    if (tasks === undefined) return true
    let all = known.get(tag)
    if (all === undefined) {
      all = fieldsOf(tag, tasks)
      if (known.size >= MAX_TAGS) known.clear()
      const isFinal =
        introspection === undefined || tasks.containers.has(idIn(tag, introspection.tagPrefix) ?? '')
      if (isFinal) known.set(tag, all)
    }
    for (const [path, text] of all) if (!record.locate(path, value)) record.set(path, text)
    return true
  }
}

/** The container that FireLens names in a tag: `web-firelens-TASK`. */
function containerOf(tag: string): Facts {
  const at = tag.indexOf('-firelens-')
  return at <= 0 ? {} : { container: tag.slice(0, at) }
}

/** The first twelve digits of the id in a tag. */
function idIn(tag: string, prefix: string): string | undefined {
  return tag.startsWith(prefix) ? /^[0-9a-f]{12}/.exec(tag.slice(prefix.length))?.[0] : undefined
}

function filled(texts: readonly (readonly [KeyPath, string])[], facts: Facts): Fields {
  return texts.flatMap(([path, text]) => {
    let isWhole = true
    const full = text.replace(PLACE, (_, name: TaskFact) => {
      const fact = facts[name]
      if (fact === undefined) isWhole = false
      return fact ?? ''
    })
    return isWhole ? [[path, Buffer.from(JSON.stringify(full))] as const] : []
  })
}

import type { Slice } from '../../batch.ts'
import { compileTemplate, RecordView, type Template } from '../../template/template.ts'
import type { RequestRecords } from '../requests.ts'
import type { CloudwatchConfig } from './config.ts'
import { Events, type PutCall } from './events.ts'

/** A stream of a group. */
export interface LogTarget {
  readonly id: string
  readonly group: string
  readonly stream: string
}

/** A call, and where it goes. `ordinals` ascend, other than those of the call. */
export interface TargetCall extends RequestRecords {
  readonly target: LogTarget
  readonly call: PutCall
}

/** Decides over the stream of each record. */
export class Targets {
  readonly config: CloudwatchConfig
  readonly #group: Name
  readonly #stream: Name

  constructor(config: CloudwatchConfig, hostname: string) {
    this.config = config
    this.#group = new Name(config.group, config.groupFallback, hostname, groupName)
    this.#stream = new Name(config.stream, config.streamFallback, hostname, streamName)
  }

  /** The only target, when there is one. */
  get fixed(): LogTarget | undefined {
    const { fixed: group } = this.#group
    const { fixed: stream } = this.#stream
    return group === undefined || stream === undefined ? undefined : targetOf(group, stream)
  }

  of(view: RecordView): LogTarget {
    return targetOf(this.#group.of(view), this.#stream.of(view))
  }

  begin(): TargetEvents {
    return new TargetEvents(this)
  }
}

/** The events of one send, by target. */
export class TargetEvents {
  readonly #targets: Targets
  readonly #view = new RecordView()
  readonly #byTarget = new Map<string, { readonly target: LogTarget; readonly events: Events }>()
  #next = 0

  constructor(targets: Targets) {
    this.#targets = targets
  }

  add(slice: Slice): void {
    const { fixed } = this.#targets
    const { frame, from, to } = slice
    if (fixed) this.#eventsOf(fixed).add(slice, this.#next)
    else {
      for (let i = from; i < to; i++) {
        const target = this.#targets.of(this.#view.at(frame.batch, i))
        this.#eventsOf(target).add({ frame, from: i, to: i + 1 }, this.#next + i - from)
      }
    }
    this.#next += to - from
  }

  /** Records whose bytes had to be replaced because they are not UTF-8. */
  get replaced(): number {
    return [...this.#byTarget.values()].reduce((sum, { events }) => sum + events.replaced, 0)
  }

  /** Records that are larger than an event may be. */
  get tooLarge(): number[] {
    return [...this.#byTarget.values()].flatMap(({ events }) => events.tooLarge).sort((a, b) => a - b)
  }

  calls(): TargetCall[] {
    return [...this.#byTarget.values()].flatMap(({ target, events }) =>
      events.calls().map(call => ({ target, call, ordinals: [...call.ordinals].sort((a, b) => a - b) })),
    )
  }

  #eventsOf(target: LogTarget): Events {
    let known = this.#byTarget.get(target.id)
    if (known === undefined) {
      const { messageField, maxEventBytes } = this.#targets.config
      known = { target, events: new Events(messageField, maxEventBytes) }
      this.#byTarget.set(target.id, known)
    }
    return known.events
  }
}

/** A name from a template, or from the one that stands in for it. */
class Name {
  readonly #template: Template
  readonly #fallback: Template | undefined
  readonly #clean: (name: string) => string
  readonly fixed: string | undefined

  constructor(text: string, fallback: string | undefined, hostname: string, clean: (name: string) => string) {
    this.#template = compileTemplate(text, { hostname }, { times: true })
    this.#fallback =
      fallback === undefined ? undefined : compileTemplate(fallback, { hostname }, { times: true })
    this.#clean = clean
    this.fixed = this.#template.fixed === undefined ? undefined : clean(this.#template.fixed)
  }

  of(view: RecordView): string {
    if (this.fixed !== undefined) return this.fixed
    return this.#clean(this.#template.render(view) ?? this.#fallback?.render(view) ?? '')
  }
}

function targetOf(group: string, stream: string): LogTarget {
  return { id: `${group} ${stream}`, group, stream }
}

function groupName(name: string): string {
  return name.replace(/[^.\-_/#A-Za-z0-9]/g, '_').slice(0, 512) || '_'
}

function streamName(name: string): string {
  return name.replace(/[:*]/g, '-').slice(0, 512) || '-'
}

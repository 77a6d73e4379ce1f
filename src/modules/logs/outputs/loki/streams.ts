import { isUtf8 } from 'node:buffer'
import { Kind } from '../../../../wire/json/bytes.ts'
import { type KeyPath, keyPathOf } from '../../../../wire/json/path.ts'
import { ObjectScanner } from '../../../../wire/json/scan.ts'
import { readString } from '../../../../wire/json/value.ts'
import { ByteWriter } from '../../../../wire/json/writer.ts'
import {
  encodePairs,
  labelName,
  labelsText,
  type PushEntry,
  type PushStream,
} from '../../../../wire/loki/push.ts'
import type { Slice } from '../../batch.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, RecordView, type Template } from '../../template/template.ts'
import type { LokiConfig } from './config.ts'
import { LineMaker } from './line.ts'

/** The server's own limits (limits_config), beyond which it refuses a stream. */
const MAX_NAME_LENGTH = 1024
const MAX_VALUE_BYTES = 2048

type Pair = readonly [name: string, value: string]

/** How records become lines of streams. */
export interface StreamPlan {
  readonly labels: readonly (readonly [name: string, value: Template])[]
  readonly labelsFrom: KeyPath | undefined
  readonly metadata: readonly (readonly [name: string, value: Template])[]
  readonly metadataFrom: KeyPath | undefined
  readonly tenant: Template | undefined
  readonly maxLabels: number
  readonly line: LineMaker
}

export function planOf(config: LokiConfig, hostname: string): StreamPlan {
  const { labels, labelsFrom, metadata, metadataFrom, tenant, maxLabels } = config
  const compiled = (texts: Readonly<Record<string, string>>) =>
    Object.entries(texts).map(([name, text]) => [name, compileTemplate(text, { hostname })] as const)
  const path = (field: string | undefined) => (field === undefined ? undefined : keyPathOf(fieldPath(field)))
  return {
    labels: compiled(labels),
    labelsFrom: path(labelsFrom),
    metadata: compiled(metadata),
    metadataFrom: path(metadataFrom),
    tenant: tenant === undefined ? undefined : compileTemplate(tenant, { hostname, clean: tenantName }),
    maxLabels,
    line: new LineMaker(config),
  }
}

/** The characters of a tenant's name, which becomes a header and a folder on the server. */
function tenantName(name: string): string {
  return name.replace(/[^A-Za-z0-9!_.*'()-]/g, '_').slice(0, 150)
}

/** A line, and the place of its record among all of the send. */
export interface StreamEntry extends PushEntry {
  readonly ordinal: number
}

export interface Stream extends PushStream {
  readonly entries: StreamEntry[]
}

/** All that goes to one tenant in one request. */
export interface TenantPush {
  readonly tenant: string | undefined
  readonly streams: readonly Stream[]
  readonly ordinals: readonly number[]
}

/** Sorts the records of a send into streams. */
export class Streams {
  /** Records whose bytes had to be replaced because they are not UTF-8. */
  replaced = 0

  readonly #plan: StreamPlan
  readonly #view = new RecordView()
  readonly #scanner = new ObjectScanner()
  readonly #tenants = new Map<string | undefined, Map<string, Stream>>()
  readonly #scratch = new ByteWriter(512)
  /** The labels of values that were met already. */
  readonly #known = new Map<string, string>()
  #next = 0

  constructor(plan: StreamPlan) {
    this.#plan = plan
  }

  add({ frame, from, to }: Slice): void {
    const { batch } = frame
    const plain = from < to && isUtf8(batch.bytes.subarray(batch.starts[from], batch.ends[to - 1]))
    for (let i = from; i < to; i++) this.#add(this.#view.at(batch, i), i, plain)
  }

  /** One push for each tenant, the lines of a stream in the order of their times. */
  pushes(): TenantPush[] {
    return [...this.#tenants].map(([tenant, byLabels]) => {
      const streams = [...byLabels.values()]
      for (const { entries } of streams) entries.sort(byTime)
      const ordinals = streams.flatMap(({ entries }) => entries.map(({ ordinal }) => ordinal))
      return { tenant, streams, ordinals: ordinals.sort((a, b) => a - b) }
    })
  }

  #add(view: RecordView, at: number, plain: boolean): void {
    const { line, tenant } = this.#plan
    const overflow: Pair[] = []
    const stream = this.#stream(tenant?.render(view), this.#labels(view, overflow))
    const metadata = this.#metadata(view, overflow)
    let made = line.isRecord ? undefined : line.make(view)
    if (!plain && !isUtf8(made ?? view.bytes.subarray(view.start, view.end))) {
      made = Buffer.from((made ?? view.bytes.subarray(view.start, view.end)).toString())
      this.replaced++
    }
    stream.entries.push({
      ordinal: this.#next++,
      timeMs: view.timeMs >= 0 ? Math.floor(view.timeMs) : 0,
      // Two records of one moment with the same text are two lines, and one that is sent again is the same one.
      nanoseconds: at % 1_000_000,
      bytes: made ?? view.bytes,
      start: made ? 0 : view.start,
      end: made ? made.length : view.end,
      metadata,
    })
  }

  #stream(tenant: string | undefined, labels: string): Stream {
    let streams = this.#tenants.get(tenant)
    if (streams === undefined) this.#tenants.set(tenant, (streams = new Map()))
    let stream = streams.get(labels)
    if (stream === undefined) streams.set(labels, (stream = { labels, entries: [] }))
    return stream
  }

  #labels(view: RecordView, overflow: Pair[]): string {
    const { labels, labelsFrom } = this.#plan
    const values = labels.map(([, template]) => template.render(view) ?? '')
    if (labelsFrom) return this.#labelsText(values, view, labelsFrom, overflow)
    const id = values.join('\0')
    let text = this.#known.get(id)
    if (text === undefined) this.#known.set(id, (text = this.#labelsText(values)))
    return text
  }

  #labelsText(
    values: readonly string[],
    view?: RecordView,
    labelsFrom?: KeyPath,
    overflow: Pair[] = [],
  ): string {
    const { labels, maxLabels } = this.#plan
    const taken = new Map<string, string>()
    for (const [at, value] of values.entries()) if (value !== '') taken.set(labels[at][0], clipped(value))
    if (view && labelsFrom) {
      for (const [name, value] of this.#members(view, labelsFrom)) {
        if (taken.has(name)) continue
        if (taken.size < maxLabels) taken.set(name, clipped(value))
        else overflow.push([name, value])
      }
    }
    // A stream without labels is refused.
    if (taken.size === 0) taken.set('job', 'outrigger')
    return labelsText([...taken])
  }

  #metadata(view: RecordView, overflow: readonly Pair[]): Buffer | undefined {
    const { metadata, metadataFrom } = this.#plan
    if (metadata.length === 0 && !metadataFrom && overflow.length === 0) return undefined
    const pairs = new Map<string, string>(overflow)
    for (const [name, template] of metadata) {
      const value = template.render(view)
      if (value !== undefined && value !== '') pairs.set(name, value)
    }
    if (metadataFrom) {
      for (const [name, value] of this.#members(view, metadataFrom))
        if (!pairs.has(name)) pairs.set(name, value)
    }
    return pairs.size === 0 ? undefined : encodePairs(pairs, this.#scratch)
  }

  /** The members of an object in the record that have a value, with names that Loki takes. */
  *#members(view: RecordView, path: KeyPath): Iterable<Pair> {
    const object = view.find(path)
    const scanner = this.#scanner
    if (object?.kind !== Kind.object || !scanner.scan(object.bytes, object.start, object.end)) return
    const { bytes } = object
    const { count, keyStarts, keyEnds, valueStarts, valueEnds } = scanner
    for (let member = 0; member < count; member++) {
      const text = bytes.toString('utf8', valueStarts[member], valueEnds[member])
      const value = text.startsWith('"') ? readString(bytes, valueStarts[member], valueEnds[member]) : text
      if (value === '' || value === 'null') continue
      const name = labelName(readString(bytes, keyStarts[member] - 1, keyEnds[member] + 1))
      yield [name.slice(0, MAX_NAME_LENGTH), value]
    }
  }
}

function byTime(a: StreamEntry, b: StreamEntry): number {
  return a.timeMs - b.timeMs || a.ordinal - b.ordinal
}

/** As much as a label's value may have, cut between characters. */
function clipped(value: string): string {
  if (value.length <= MAX_VALUE_BYTES / 3 || Buffer.byteLength(value) <= MAX_VALUE_BYTES) return value
  let end = MAX_VALUE_BYTES
  const bytes = Buffer.from(value)
  while ((bytes[end] & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}

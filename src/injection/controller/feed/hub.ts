import type { Clock, Timer } from '../../../kernel/clock/clock.ts'
import { Feed } from './feed.ts'
import type { ServiceTable, Subject } from './service-table.ts'

/** Changes that come within this time go out together: a rollout touches a Service many times a second. */
const GATHER_MS = 100
/** Less than a third of the silence after which a sidecar gives a connection up. */
const SIGN_OF_LIFE_MS = 15_000

/** One who listens to a subject. */
export interface Subscriber {
  /** Lines without their line feeds. False: no more now; `Subscription.drained` says when there is room. */
  tell(lines: readonly string[]): boolean
  /** Nothing more will come from here. */
  end(): void
}

export interface Subscription extends Disposable {
  drained(): void
}

interface Listener {
  readonly subscriber: Subscriber
  /** Of the list that it was told last. */
  version: string | undefined
  hasRoom: boolean
}

interface Entry {
  readonly subject: Subject
  readonly feed: Feed
  readonly listeners: Set<Listener>
  /** What its changes are announced as. */
  readonly topic: string
}

/**
 * Tells each subscriber what has changed in the list of its subject, and nothing else. A slow one is told nothing until
 * it has room again, and then only what leads from its list to the present one: nothing heaps up here.
 */
export class FeedHub implements Disposable {
  readonly #clock: Clock
  readonly #table: ServiceTable
  readonly #hash: (text: string) => string
  readonly #entries = new Map<string, Entry>()
  readonly #byTopic = new Map<string, Set<Entry>>()
  readonly #due = new Set<string>()
  readonly #life: Timer
  #gathering: Timer | undefined
  /** Of all subjects. */
  subscribers = 0
  /** Lists that were told, whole or as changes. */
  onTold: (lines: readonly string[]) => void = () => {}

  constructor(clock: Clock, table: ServiceTable, hash: (text: string) => string) {
    this.#clock = clock
    this.#table = table
    this.#hash = hash
    this.#life = clock.interval(SIGN_OF_LIFE_MS, () => this.#signOfLife())
  }

  [Symbol.dispose](): void {
    this.#life.cancel()
    this.#gathering?.cancel()
    for (const { listeners } of this.#entries.values())
      for (const { subscriber } of [...listeners]) subscriber.end()
    this.#entries.clear()
    this.#byTopic.clear()
    this.subscribers = 0
  }

  /** For the table. */
  changed(topic: string): void {
    if (!this.#byTopic.has(topic)) return
    this.#due.add(topic)
    this.#gathering ??= this.#clock.timeout(GATHER_MS, () => this.#flush())
  }

  get subjects(): number {
    return this.#entries.size
  }

  /** undefined: nothing is known of the subject. `version`: of the list that the subscriber has. */
  subscribe(subject: Subject, version: string | undefined, subscriber: Subscriber): Subscription | undefined {
    const key = JSON.stringify(subject)
    const entry = this.#entries.get(key) ?? this.#open(key, subject)
    if (entry === undefined) return undefined
    const listener: Listener = { subscriber, version, hasRoom: true }
    entry.listeners.add(listener)
    this.subscribers++
    this.#tell(entry, listener)
    return {
      drained: () => {
        listener.hasRoom = true
        this.#tell(entry, listener)
      },
      [Symbol.dispose]: () => {
        if (!entry.listeners.delete(listener)) return
        this.subscribers--
        if (entry.listeners.size === 0) this.#close(key, entry)
      },
    }
  }

  #open(key: string, subject: Subject): Entry | undefined {
    const list = this.#table.find(subject)
    if (list === undefined) return undefined
    const topic = this.#table.topicOf(subject)
    const entry: Entry = { subject, topic, feed: new Feed(list, this.#hash), listeners: new Set() }
    this.#entries.set(key, entry)
    const others = this.#byTopic.get(topic)
    if (others === undefined) this.#byTopic.set(topic, new Set([entry]))
    else others.add(entry)
    return entry
  }

  #close(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return
    this.#entries.delete(key)
    const others = this.#byTopic.get(entry.topic)
    others?.delete(entry)
    if (others?.size === 0) this.#byTopic.delete(entry.topic)
  }

  #flush(): void {
    this.#gathering = undefined
    const topics = [...this.#due]
    this.#due.clear()
    for (const topic of topics)
      for (const entry of this.#byTopic.get(topic) ?? []) {
        const list = this.#table.find(entry.subject) ?? { endpoints: [], clusterIPs: [] }
        if (entry.feed.update(list)) for (const listener of entry.listeners) this.#tell(entry, listener)
      }
  }

  #tell({ feed }: Entry, listener: Listener): void {
    if (!listener.hasRoom || listener.version === feed.version) return
    const lines = feed.linesFrom(listener.version)
    listener.version = feed.version
    listener.hasRoom = listener.subscriber.tell(lines)
    this.onTold(lines)
  }

  #signOfLife(): void {
    for (const { listeners } of this.#entries.values())
      for (const listener of listeners)
        if (listener.hasRoom) listener.hasRoom = listener.subscriber.tell(['{}'])
  }
}

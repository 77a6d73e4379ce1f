export interface LogEvent {
  readonly timestamp: number
  readonly message: string
}

/** An error in the service's words: type and message. */
export class ServiceError extends Error {
  readonly type: string
  constructor(type: string, message: string) {
    super(message)
    this.type = type
  }
}

export interface PutResult {
  readonly rejectedLogEventsInfo?: {
    tooNewLogEventStartIndex?: number
    tooOldLogEventEndIndex?: number
    expiredLogEventEndIndex?: number
  }
}

const day = 24 * 60 * 60 * 1000

/** Log groups and streams, with the rules of PutLogEvents. */
export class Groups {
  readonly #groups = new Map<string, Map<string, LogEvent[]>>()
  readonly #now: () => number
  readonly #maxEventBytes: number
  /** Days after which a group forgets events. */
  readonly #retentionDays: number | undefined

  constructor(now: () => number, maxEventBytes: number, retentionDays: number | undefined) {
    this.#now = now
    this.#maxEventBytes = maxEventBytes
    this.#retentionDays = retentionDays
  }

  events(group: string, stream: string): readonly LogEvent[] {
    return this.#groups.get(group)?.get(stream) ?? []
  }

  streams(): string[] {
    return [...this.#groups].flatMap(([group, streams]) =>
      [...streams.keys()].map(stream => `${group} ${stream}`),
    )
  }

  /** What was said of a group beside its name. */
  readonly settings = new Map<string, { class?: unknown; retentionDays?: unknown }>()

  setRetention(name: unknown, days: unknown): void {
    this.#group(name)
    if (![1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365].includes(Number(days)))
      throw invalid(`Value ${String(days)} at 'retentionInDays' failed to satisfy constraint`)
    this.settings.set(String(name), { ...this.settings.get(String(name)), retentionDays: days })
  }

  createGroup(name: unknown, groupClass?: unknown): void {
    const group = checked('logGroupName', name, /^[.\-_/#A-Za-z0-9]{1,512}$/)
    if (groupClass !== undefined) {
      checked('logGroupClass', groupClass, /^(STANDARD|INFREQUENT_ACCESS|DELIVERY)$/)
      this.settings.set(group, { class: groupClass })
    }
    if (this.#groups.has(group))
      throw new ServiceError('ResourceAlreadyExistsException', 'The specified log group already exists')
    this.#groups.set(group, new Map())
  }

  createStream(groupName: unknown, streamName: unknown): void {
    const streams = this.#group(groupName)
    const stream = checked('logStreamName', streamName, /^[^:*]{1,512}$/)
    if (streams.has(stream))
      throw new ServiceError('ResourceAlreadyExistsException', 'The specified log stream already exists')
    streams.set(stream, [])
  }

  put(
    groupName: unknown,
    streamName: unknown,
    sent: unknown,
  ): { result: PutResult; kept: readonly LogEvent[] } {
    const events = checkEvents(sent, this.#maxEventBytes)
    const stream = this.#group(groupName).get(checked('logStreamName', streamName, /^[^:*]{1,512}$/))
    if (!stream)
      throw new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.')
    const now = this.#now()
    const oldEnd = indexOfFirst(events, event => event.timestamp >= now - 14 * day)
    const retention = this.#retentionDays
    const expiredEnd =
      retention === undefined ? 0 : indexOfFirst(events, event => event.timestamp >= now - retention * day)
    const newStart = indexOfFirst(events, event => event.timestamp > now + 2 * 60 * 60 * 1000)
    const kept = events.slice(Math.max(oldEnd, expiredEnd), newStart)
    stream.push(...kept)
    if (kept.length === events.length) return { result: {}, kept }
    const rejectedLogEventsInfo = {
      ...(oldEnd > 0 ? { tooOldLogEventEndIndex: oldEnd } : {}),
      ...(expiredEnd > 0 ? { expiredLogEventEndIndex: expiredEnd } : {}),
      ...(newStart < events.length ? { tooNewLogEventStartIndex: newStart } : {}),
    }
    return { result: { rejectedLogEventsInfo }, kept }
  }

  #group(name: unknown): Map<string, LogEvent[]> {
    const streams = this.#groups.get(checked('logGroupName', name, /^[.\-_/#A-Za-z0-9]{1,512}$/))
    if (!streams)
      throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.')
    return streams
  }
}

function checkEvents(sent: unknown, maxEventBytes: number): LogEvent[] {
  if (!Array.isArray(sent) || sent.length < 1 || sent.length > 10_000) {
    throw invalid(
      `logEvents must have between 1 and 10000 members, got ${Array.isArray(sent) ? sent.length : 'none'}`,
    )
  }
  let bytes = 0
  let last = Number.NEGATIVE_INFINITY
  for (const event of sent as LogEvent[]) {
    for (const key of Object.keys(event))
      if (key !== 'timestamp' && key !== 'message') throw invalid(`unknown member ${key}`)
    if (!Number.isSafeInteger(event.timestamp) || event.timestamp < 0)
      throw invalid('timestamp must be a whole number')
    if (typeof event.message !== 'string' || event.message.length < 1)
      throw invalid('message must have at least one character')
    if (event.timestamp < last)
      throw invalid('Log events in a single PutLogEvents request must be in chronological order.')
    last = event.timestamp
    const size = Buffer.byteLength(event.message)
    if (size > maxEventBytes)
      throw invalid(`Log event too large: ${size} bytes exceeds limit of ${maxEventBytes}`)
    bytes += size + 26
  }
  if (bytes > 1_048_576) throw invalid(`Upload too large: ${bytes} bytes exceeds limit of 1048576`)
  if (last - (sent[0] as LogEvent).timestamp > day) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.')
  }
  return sent as LogEvent[]
}

function indexOfFirst(events: readonly LogEvent[], is: (event: LogEvent) => boolean): number {
  const at = events.findIndex(is)
  return at < 0 ? events.length : at
}

function checked(member: string, value: unknown, pattern: RegExp): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw invalid(
    `1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint`,
  )
}

function invalid(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message)
}

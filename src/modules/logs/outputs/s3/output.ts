import { createHash, randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Timer } from '../../../../kernel/clock/clock.ts'
import type { Deadline } from '../../../../kernel/module.ts'
import { Kind } from '../../../../wire/json/bytes.ts'
import { keyPathOf } from '../../../../wire/json/path.ts'
import type { Slice } from '../../batch.ts'
import { fieldPath } from '../../condition/field.ts'
import { compileTemplate, type RecordView, type Template } from '../../template/template.ts'
import { type BodyFrame, type BodyPlan, makeBodies } from '../bodies.ts'
import { unescapeInto } from '../message-field.ts'
import type { Limits, OpenOutput, Outcome, Output, OutputHost } from '../output.ts'
import { RecordJson } from '../record-json.ts'
import { keyRules, type S3Config } from './config.ts'
import { ObjectFolder, type StoredObject } from './object-folder.ts'
import { S3Service } from './service.ts'
import { Uploader } from './uploader.ts'

/**
 * Gathers records in objects and uploads them. A send is done once its records are on the disk: from then on the object's
 * file is what keeps them, and its upload has tries of its own.
 */
export const openS3: OpenOutput<S3Config> = async (config, host) => {
  const folder = await ObjectFolder.read(join(await host.dataDir(), 's3', host.id))
  return new S3Output(config, host, folder)
}

/** More open objects at once would be as many open files. */
const MAX_OPEN_OBJECTS = 64
const TRY_AGAIN_MS = 5000
const frame: BodyFrame = { open: Buffer.alloc(0), between: Buffer.from('\n'), close: Buffer.from('\n') }
/** Stand for what an object gets when it is begun. */
const UUID = '\u0001'
const INDEX = '\u0002'

/** Where a record goes: the object of its group, or a new one with this key. */
interface Target {
  readonly group: string
  readonly key: string
}

class S3Output implements Output {
  readonly limits: Limits
  readonly #config: S3Config
  readonly #host: OutputHost
  readonly #folder: ObjectFolder
  readonly #uploader: Uploader
  readonly #key: Template
  #timer: Timer | undefined
  #writing: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(config: S3Config, host: OutputHost, folder: ObjectFolder) {
    this.#config = config
    this.#host = host
    this.#folder = folder
    const context = { hostname: hostname(), clean: keyPart, uuid: () => UUID, index: () => INDEX }
    this.#key = compileTemplate(config.key, context, keyRules)
    const uploads = host.metrics.counter('s3_uploaded_objects_total', 'Objects that were uploaded.', [
      'output',
    ])
    const buffered = host.metrics.gauge(
      's3_buffered_bytes',
      'Bytes of records on the disk whose object is not uploaded yet.',
      ['output'],
    )
    host.metrics.onCollect(() => buffered.with(host.name).set(folder.bytes))
    this.#uploader = new Uploader({
      folder,
      service: new S3Service(config, host),
      config,
      host,
      uploaded: () => uploads.with(host.name).inc(),
    })
    this.limits = {
      maxBytes: 1024 * 1024,
      maxRecords: 16_384,
      maxAgeMs: config.flushIntervalMs,
      concurrency: 1,
    }
    host.scope.defer(() => this.#close())
    this.#uploader.start()
    this.#setTimer()
  }

  async send(slices: readonly Slice[], signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted || this.#closed) return { kind: 'failed', reason: 'stopped before the write began' }
    const sending = this.#writing.then(() => this.#send(slices))
    this.#writing = sending.catch(() => {})
    return await sending
  }

  /** Completes all objects, and uploads what there is time for; the rest is on the disk for the next start. */
  async drain(deadline: Deadline): Promise<void> {
    const completing = this.#writing.then(async () => {
      for (const object of this.#folder.open) await this.#folder.complete(object)
    })
    this.#writing = completing.catch(() => {})
    await completing
    await this.#uploader.drain(deadline.signal)
    const left = this.#folder.full.length
    if (left === 0) return
    const message = `${left} objects of output ${this.#host.name} were not uploaded in time; they stay in ${this.#folder.path} for the next start`
    this.#host.log.warn('s3_not_drained', message, { output: this.#host.name, objects: left })
  }

  health(): ReturnType<NonNullable<Output['health']>> {
    const trouble = this.#uploader.trouble
    if (!trouble) return { ready: true, state: 'ok' }
    const { reason, refused, sinceMs } = trouble
    const since = new Date(sinceMs).toISOString()
    const message = `uploads fail since ${since}: ${reason}; ${this.#folder.full.length} complete objects wait on the disk`
    return { ready: true, state: refused ? 'failed' : 'degraded', message }
  }

  async #send(slices: readonly Slice[]): Promise<Outcome> {
    const { maxBufferBytes } = this.#config
    if (this.#folder.bytes >= maxBufferBytes) {
      const why = this.#uploader.trouble?.reason
      const reason = `as much waits for its upload as ${this.#host.key}.maxBuffer allows${why ? `: ${why}` : ''}`
      return { kind: 'failed', reason }
    }
    const json = new RecordJson(this.#config.time)
    const bodies = await makeBodies(slices, this.#plan(json), this.#host)
    try {
      for (const { key, bytes } of bodies) await this.#write(key, bytes)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      return { kind: 'failed', reason: `${this.#folder.path} cannot be written: ${message}` }
    }
    if (json.replaced > 0) this.#host.invalidUtf8.inc(json.replaced)
    this.#setTimer()
    return { kind: 'done' }
  }

  #plan(json: RecordJson): BodyPlan<Target> {
    const groups = new Map<string, { id: string; key: Target }>()
    const { messageField } = this.#config
    const field = messageField === undefined ? undefined : keyPathOf(fieldPath(messageField))
    return {
      frame,
      keyOf: view => {
        const group = this.#groupOf(view)
        let known = groups.get(group)
        if (known === undefined) {
          known = { id: group, key: { group, key: this.#key.render(view) ?? '' } }
          groups.set(group, known)
        }
        return known
      },
      write: (view, out) => {
        const value = field && view.find(field)
        if (value?.kind !== Kind.string) json.write(view, out)
        else {
          const text = Buffer.allocUnsafe(value.end - value.start)
          const length = unescapeInto(value.bytes, value.start + 1, value.end - 1, text, 0)
          out.copy(text, 0, length)
        }
        return true
      },
    }
  }

  /** The key but for its times: those are of the object's first record. */
  #groupOf(view: RecordView): string {
    const { timeMs } = view
    view.timeMs = 0
    const group = this.#key.render(view) ?? ''
    view.timeMs = timeMs
    return group
  }

  async #write({ group, key }: Target, lines: Buffer): Promise<void> {
    let object = this.#folder.openOf(group)
    if (object === undefined) {
      if (this.#folder.open.length >= MAX_OPEN_OBJECTS) await this.#complete(oldest(this.#folder.open))
      object = await this.#folder.begin(group, await this.#finalKey(key), this.#host.clock.now())
    }
    await this.#folder.append(object, lines)
    if (object.bytes >= this.#config.objectSizeBytes) await this.#complete(object)
  }

  async #finalKey(key: string): Promise<string> {
    const index = key.includes(INDEX) ? String(await this.#folder.nextIndex()) : ''
    const whole = key.replaceAll(UUID, randomUUID().slice(0, 8)).replaceAll(INDEX, index)
    if (Buffer.byteLength(whole) <= 1024) return whole
    // The service takes no longer ones; what is cut off is told apart by its hash.
    const hash = createHash('sha256').update(whole).digest('hex').slice(0, 16)
    return `${Buffer.from(whole)
      .toString('latin1', 0, 1000)
      .replace(/[^\x20-\x7e]/g, '_')}-${hash}`
  }

  async #complete(object: StoredObject): Promise<void> {
    await this.#folder.complete(object)
    this.#uploader.start()
  }

  /** Wakes when the next object is old enough. */
  #setTimer(leastMs = 10): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const { open } = this.#folder
    if (open.length === 0 || this.#closed) return
    const { openedAtMs } = oldest(open).info
    const waitMs = Math.max(leastMs, openedAtMs + this.#config.objectAgeMs - this.#host.clock.now())
    this.#timer = this.#host.clock.timeout(waitMs, () => {
      this.#writing = this.#writing.then(() => this.#completeOld())
    })
  }

  async #completeOld(): Promise<void> {
    if (this.#closed) return
    const before = this.#host.clock.now() - this.#config.objectAgeMs
    try {
      for (const object of this.#folder.open) {
        if (object.info.openedAtMs <= before) await this.#complete(object)
      }
      this.#setTimer()
    } catch (error) {
      const message = `output ${this.#host.name} cannot complete an object: ${(error as Error).message}; trying again`
      this.#host.log.error('s3_object_failed', message, { output: this.#host.name })
      this.#setTimer(TRY_AGAIN_MS)
    }
  }

  async #close(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    await this.#writing
    await this.#uploader.close()
    await this.#folder.close()
  }
}

function oldest(objects: readonly StoredObject[]): StoredObject {
  return objects.reduce((first, object) => (object.info.openedAtMs < first.info.openedAtMs ? object : first))
}

/** What a record brings stays one piece of the key, in characters that need no care. */
function keyPart(value: string): string {
  return value
    .replace(/[^A-Za-z0-9!_.*'() =@:+,-]/g, '_')
    .replace(/^\.+$/, '_')
    .slice(0, 200)
}

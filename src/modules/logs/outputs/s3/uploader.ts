import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import type { FailedOutcome, OutputHost } from '../output.ts'
import type { S3Config } from './config.ts'
import type { ObjectFolder, StoredObject } from './object-folder.ts'
import type { Gone, S3Service, UploadedPart } from './service.ts'

/** The service takes no more parts. */
const MAX_PARTS = 10_000
const FIRST_WAIT_MS = 500
const MAX_WAIT_MS = 30_000
const MAX_REFUSED_WAIT_MS = 60_000

type Failure = FailedOutcome | Gone

/** Why nothing is uploaded at present. */
export interface UploadTrouble {
  readonly reason: string
  readonly refused: boolean
  readonly sinceMs: number
}

/** How far the present object is. */
interface Progress {
  readonly object: StoredObject
  /** Of the multipart upload that was begun in this life. */
  uploadId?: string
  readonly parts: UploadedPart[]
}

export interface UploaderOptions {
  readonly folder: ObjectFolder
  readonly service: S3Service
  readonly config: Pick<S3Config, 'compress' | 'partSizeBytes'>
  readonly host: Pick<OutputHost, 'name' | 'log'> & { readonly clock: Clock }
  readonly uploaded: (bytes: number) => void
}

/**
 * Uploads complete objects, one after the other, and tries each until it is there. An upload that is repeated has the same
 * key, so that what a lost answer makes unknown comes out as one object.
 */
export class Uploader {
  readonly #o: UploaderOptions
  readonly #stop = new AbortController()
  #progress: Progress | undefined
  #trouble: UploadTrouble | undefined
  #attempts = 0
  #running: Promise<void> | undefined
  #wait: AbortController | undefined
  #hurried = false

  constructor(options: UploaderOptions) {
    this.#o = options
  }

  get trouble(): UploadTrouble | undefined {
    return this.#trouble
  }

  /** There may be something to upload. */
  start(): void {
    if (this.#stop.signal.aborted) return
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#o.folder.full.length > 0) this.start()
    })
  }

  /** Tries at once and with short pauses, until all is uploaded or the signal aborts. */
  async drain(signal: AbortSignal): Promise<void> {
    this.#hurried = true
    this.#wait?.abort()
    this.start()
    const aborted = new Promise<void>(resolve => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    while (this.#running && !signal.aborted) await Promise.race([this.#running, aborted])
    this.#hurried = false
  }

  /** What is under way is broken off: it is done again in the next life. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('the output is closed'))
    this.#wait?.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { folder } = this.#o
    for (let object = folder.full[0]; object && !this.#stop.signal.aborted; object = folder.full[0]) {
      const failure = await this.#try(object)
      if (this.#stop.signal.aborted) return
      if (failure) await this.#pause(failure)
    }
  }

  async #try(object: StoredObject): Promise<Failure | undefined> {
    try {
      const failure = await this.#upload(object)
      if (failure === undefined) await this.#done(object)
      return failure
    } catch (error) {
      const { log, name } = this.#o.host
      if (!this.#stop.signal.aborted)
        log.error('s3_upload_bug', `the upload of ${object.info.key} failed unexpectedly`, {
          output: name,
          error,
        })
      return { kind: 'failed', reason: `${object.info.key}: ${(error as Error).message}` }
    }
  }

  async #upload(object: StoredObject): Promise<Failure | undefined> {
    const { service, config, folder } = this.#o
    const { signal } = this.#stop
    if (this.#progress?.object !== object) {
      const failure = await this.#begin(object)
      if (failure) return failure
    }
    const path = config.compress === 'none' ? folder.dataPath(object) : folder.bodyPath(object)
    const { size } = await stat(path)
    if (size <= config.partSizeBytes) {
      const answer = await service.put(object.info.key, await readPart(path, 0, size), signal)
      return answer.kind === 'ok' ? undefined : answer
    }
    return await this.#uploadParts(object, path, size)
  }

  /** Makes the body; an upload that was begun before is ended, or its parts would be kept and paid for. */
  async #begin(object: StoredObject): Promise<FailedOutcome | undefined> {
    const { service, config, folder } = this.#o
    const { uploadId, key } = object.info
    if (uploadId !== undefined) {
      const ended = await service.abort(key, uploadId, this.#stop.signal)
      if (ended.kind === 'failed') return ended
      await folder.noteUpload(object, undefined)
    }
    if (config.compress !== 'none')
      await compressFile(folder.dataPath(object), folder.bodyPath(object), config.compress, this.#stop.signal)
    this.#progress = { object, parts: [] }
    return undefined
  }

  async #uploadParts(object: StoredObject, path: string, size: number): Promise<Failure | undefined> {
    const { service, config, folder } = this.#o
    const { signal } = this.#stop
    const progress = this.#progress!
    const { parts } = progress
    const { key } = object.info
    if (progress.uploadId === undefined) {
      const begun = await service.begin(key, signal)
      if ('kind' in begun) return begun
      progress.uploadId = begun.uploadId
      await folder.noteUpload(object, begun.uploadId)
    }
    const { uploadId } = progress
    const partBytes = Math.max(config.partSizeBytes, Math.ceil(size / MAX_PARTS))
    for (let at = parts.length * partBytes; at < size; at += partBytes) {
      const bytes = await readPart(path, at, Math.min(partBytes, size - at))
      const part = await service.part(key, uploadId, parts.length + 1, bytes, signal)
      if ('kind' in part) return this.#lost(part)
      parts.push(part)
    }
    const answer = await service.complete(key, uploadId, parts, signal)
    return answer.kind === 'ok' ? undefined : this.#lost(answer)
  }

  /** An upload that the service does not know any more begins again. */
  #lost(failure: Failure): Failure {
    if (failure.kind === 'gone') this.#progress = undefined
    return failure
  }

  async #done(object: StoredObject): Promise<void> {
    const { folder, host, uploaded } = this.#o
    const { bytes } = object
    await folder.remove(object)
    this.#progress = undefined
    this.#attempts = 0
    uploaded(bytes)
    if (this.#trouble)
      host.log.info('s3_uploads_again', `output ${host.name} uploads again`, { output: host.name })
    this.#trouble = undefined
  }

  async #pause(failure: Failure): Promise<void> {
    const { host } = this.#o
    const refused = failure.kind === 'failed' && failure.refused === true
    this.#attempts++
    if (this.#trouble?.reason !== failure.reason) {
      const message = `output ${host.name} cannot upload: ${failure.reason}; what is complete waits on the disk`
      if (refused) host.log.error('s3_upload_refused', message, { output: host.name })
      else host.log.warn('s3_upload_failing', message, { output: host.name })
    }
    this.#trouble = { reason: failure.reason, refused, sinceMs: this.#trouble?.sinceMs ?? host.clock.now() }
    const most = this.#hurried ? FIRST_WAIT_MS : refused ? MAX_REFUSED_WAIT_MS : MAX_WAIT_MS
    const ceiling = Math.min(most, FIRST_WAIT_MS * 2 ** Math.min(this.#attempts - 1, 20))
    const asked = failure.kind === 'failed' && !this.#hurried ? (failure.afterMs ?? 0) : 0
    this.#wait = new AbortController()
    const waitMs = Math.max(asked, ceiling / 2 + (Math.random() * ceiling) / 2)
    await host.clock.sleep(waitMs, this.#wait.signal).catch(() => {})
    this.#wait = undefined
  }
}

async function readPart(path: string, at: number, size: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const part = Buffer.allocUnsafeSlow(size)
    for (let done = 0; done < size; ) {
      const { bytesRead } = await file.read(part, done, size - done, at + done)
      if (bytesRead === 0) throw new Error(`${path} is shorter than it was`)
      done += bytesRead
    }
    return part
  } finally {
    await file.close()
  }
}

/** In the thread pool, a piece at a time. */
async function compressFile(
  from: string,
  to: string,
  how: 'gzip' | 'zstd',
  signal: AbortSignal,
): Promise<void> {
  const zlib = process.getBuiltinModule('node:zlib')
  const through = how === 'gzip' ? zlib.createGzip() : zlib.createZstdCompress()
  await pipeline(createReadStream(from), through, createWriteStream(to), { signal })
}

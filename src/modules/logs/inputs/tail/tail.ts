import { dirname } from 'node:path'
import type { Deadline, Health } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import type { TailConfig } from './config.ts'
import { type Discovery, Finder } from './discovery.ts'
import { troublesOf } from './faults.ts'
import type { TailedFile } from './file.ts'
import { foreignPositions } from './foreign-positions.ts'
import { LagLimit } from './lag.ts'
import { type FileLayer, type FileStat, nodeFiles } from './layer.ts'
import { parseMark } from './mark.ts'
import { type Meters, tailMeters } from './meters.ts'
import { pathTag } from './path-tag.ts'
import { Problems, type Trouble } from './problems.ts'
import { Pump } from './pump.ts'
import { lastLineStart } from './reader.ts'
import { Rhythm } from './rhythm.ts'
import { type Begin, Roster } from './roster.ts'
import { Rotation } from './rotation.ts'
import { FolderWatch } from './watch.ts'

const DRAIN_RETRY_MS = 250
/** Bytes that wait this long without any progress are a problem. */
const STALLED_MS = 30_000

/** Follows the files that the configuration names. Resolves after the first look at them. */
export async function startTail(
  config: TailConfig,
  host: InputHost,
  layer: FileLayer = nodeFiles(),
): Promise<Tail> {
  const positions = foreignPositions(config.positionsFrom, host)
  const tail = new Tail(config, { ...host, positions }, layer)
  host.scope.defer(() => tail.close())
  await tail.start()
  return tail
}

/**
 * The wiring: a scan brings what the file system says into the roster, the roster's files go to the pump, the pump
 * moves lines to the sink. Scans never overlap.
 */
export class Tail implements Input {
  readonly rereadable = true
  readonly #config: TailConfig
  readonly #host: InputHost
  readonly #layer: FileLayer
  readonly #problems: Problems
  readonly #meters: Meters
  readonly #finder: Finder
  readonly #roster: Roster
  readonly #pump: Pump
  readonly #rotation: Rotation
  readonly #watch: FolderWatch
  readonly #rhythm: Rhythm
  readonly #lag: LagLimit
  #looking: Promise<void> = Promise.resolve()
  #isFirstScan = true
  /** Every folder that is named is there. */
  #isComplete = true
  #stopped = false
  /** How large files were when they were left out because of their age, by key. */
  #ignored: Map<string, number> = new Map()

  constructor(config: TailConfig, host: InputHost, layer: FileLayer) {
    this.#config = config
    this.#host = host
    this.#layer = layer
    this.#problems = new Problems(host.log)
    this.#meters = tailMeters(
      host.metrics,
      host.name,
      () => this.#roster.files.values(),
      file => this.#safeUpTo(file),
    )
    this.#finder = new Finder(layer, () => host.clock.now(), config.paths, config.exclude)
    const shared = { config, host, layer, meters: this.#meters, problems: this.#problems }
    this.#roster = new Roster(shared)
    this.#pump = new Pump({
      input: host.name,
      tag: pathTag(host.tag, config.tagPattern),
      layer,
      host,
      limits: {
        readBytes: host.readBytes,
        maxLineBytes: config.maxLineBytes,
        longLines: config.longLines,
        encoding: config.encoding,
        bytesPerSecond: config.maxRateBytes,
      },
      memory: host.memory,
      sink: host.sink,
      meters: this.#meters,
      onRead: file => this.#problems.remove('read', file.at),
      onReplaced: file => this.#look(() => this.#rotation.replaced(file)),
      onRefused: file => this.#roster.moveTo(file, this.#safeUpTo(file)),
      onCompressed: file => this.#skip(file),
      onReadError: (file, error) => this.#readFailed(file, error),
    })
    this.#rotation = new Rotation({
      ...shared,
      roster: this.#roster,
      pump: this.#pump,
      isOurs: path => this.#finder.leadsTo(path),
    })
    this.#lag = new LagLimit({ ...shared, roster: this.#roster })
    this.#watch = new FolderWatch(layer, this.#problems, host.key, () => this.#rhythm.gather(), config.watch)
    this.#rhythm = new Rhythm(host.clock, config.pollIntervalMs, {
      poll: () => this.#pollOnce(),
      follow: () => this.#look(() => this.#follow()),
    })
  }

  async start(): Promise<void> {
    this.#host.signal.addEventListener('abort', () => this.#stop(), { once: true })
    await this.poll()
    this.#rhythm.start()
  }

  health(): Health {
    // The next look may be seconds away.
    this.#noteStalled()
    return this.#problems.health()
  }

  /** Looks at everything once: walks the patterns, takes over what changed, hands what can be read to the pump. */
  poll(): Promise<void> {
    return this.#look(() => this.#scan())
  }

  /** Resolves when everything that was seen is safe, except lines without their end. */
  settled(): Promise<void> {
    return this.#pump.settled()
  }

  async drain(deadline: Deadline): Promise<void> {
    this.#rhythm.stop()
    const expired = new Promise<void>(resolve => {
      if (deadline.signal.aborted) resolve()
      deadline.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([this.#readToEnd(), expired])
    this.#stop()
  }

  async close(): Promise<void> {
    this.#stop()
    await this.#looking
    await Promise.all([...this.#roster.files.values()].map(file => this.#roster.close(file)))
    this.#roster.files.clear()
    this.#meters.close()
  }

  /** Files as they stand now, with last lines that have no line feed. */
  async #readToEnd(): Promise<void> {
    await this.poll()
    await this.#pump.settled()
    for (const file of this.#roster.files.values()) file.finishing = true
    for (;;) {
      for (const file of this.#roster.files.values()) this.#pump.add(file)
      await this.#pump.settled()
      if (this.#stopped || ![...this.#roster.files.values()].some(file => file.isReadable)) return
      // A file or the sink has failed: as long as there is time, again.
      await this.#host.clock.sleep(DRAIN_RETRY_MS)
    }
  }

  #stop(): void {
    this.#stopped = true
    this.#rhythm.stop()
    this.#watch.close()
    this.#pump.stop()
  }

  #look(look: () => Promise<void>): Promise<void> {
    this.#looking = this.#looking
      .then(() => (this.#stopped ? undefined : look()))
      .catch(error => {
        this.#host.log.error('tail_scan_failed', `looking for files failed: ${error?.stack ?? error}`)
      })
    return this.#looking
  }

  async #scan(): Promise<void> {
    const found = await this.#finder.find()
    this.#problems.set('paths', troublesOf(found.faults, this.#host.key))
    this.#isComplete = !found.faults.some(({ kind }) => kind === 'missing_folder')
    // Before the files are looked at: what changes from here on is reported.
    this.#watch.sync(this.#foldersOf(found))
    const fresh = await this.#roster.see(found)
    await this.#openAll(fresh, found)
    if (fresh.length > 0) this.#watch.sync(this.#foldersOf(found))
    for (const file of [...this.#roster.files.values()]) await this.#tend(file)
    this.#noteStalled()
    this.#isFirstScan = false
  }

  async #openAll(paths: readonly string[], found: Discovery): Promise<void> {
    const opened: { file: TailedFile; begin: Begin }[] = []
    const ignored = this.#ignored
    this.#ignored = new Map()
    for (const path of paths) {
      if (this.#stopped) return
      // What it is shows only in its content; the next scan sees it again.
      if (found.files.get(path)!.size === 0 && this.#rotation.mayBecomeCopy(path)) continue
      if (this.#isTooOld(found.files.get(path)!)) continue
      const one = await this.#roster.open(path)
      if (one) opened.push(one)
    }
    const fresh: TailedFile[] = []
    for (const { file, begin } of opened) {
      if (begin === 'replaced' && this.#isFirstScan) await this.#restarted(file)
      // While we run, only a new file on the inode of a deleted one can differ from its position.
      else if (begin !== 'resumed') fresh.push(file)
    }
    if (this.#isFirstScan) await this.#beginAt(found, fresh, fresh.length < opened.length)
    for (const file of fresh) {
      if (await this.#rotation.isCopy(file)) continue
      await this.#passOld(file, ignored.get(file.key))
      // Should it be renamed before its first lines are safe, the next start still knows it.
      if (file.next === 0) this.#pump.announce(file)
      for (const before of [...this.#roster.lostClosed, ...this.#roster.files.values()]) {
        if (before !== file && before.path === file.path) await this.#rotation.follow(before)
      }
    }
  }

  /** Nobody wrote to it for long, and nothing of it was read. */
  #isTooOld({ key, size, modifiedNs }: FileStat): boolean {
    const { ignoreOlderMs } = this.#config
    if (ignoreOlderMs === undefined || this.#host.positions.get(key) !== undefined) return false
    if (Number(modifiedNs / 1_000_000n) >= this.#host.clock.now() - ignoreOlderMs) return false
    this.#ignored.set(key, size)
    return true
  }

  /** Begins a new file behind what is not to be read of it. */
  async #passOld(file: TailedFile, ignoredBytes: number | undefined): Promise<void> {
    if (file.next > 0) return
    if (ignoredBytes !== undefined && ignoredBytes <= file.size) {
      await this.#roster.moveTo(file, ignoredBytes)
      this.#pump.announce(file)
    } else if (!this.#isFirstScan && this.#config.newFilesAt === 'end') await this.#skipToEnd(file)
  }

  /** While we were away its content was replaced. */
  async #restarted(file: TailedFile): Promise<void> {
    const position = this.#host.positions.get(file.key)!
    await this.#rotation.truncated(file, position.offset, parseMark(position.mark))
    file.mayStartWithHole = true
  }

  async #beginAt(found: Discovery, fresh: readonly TailedFile[], hasPositions: boolean): Promise<void> {
    const before = this.#roster.files.size
    for (const folder of this.#foldersOf(found).keys()) await this.#rotation.resumeIn(folder)
    // A file without a position is new if others have one: this is not the first start.
    const isRestart = hasPositions || this.#roster.files.size > before
    if (this.#config.startAt === 'end' && !isRestart) for (const file of fresh) await this.#skipToEnd(file)
  }

  /** One file's turn in a scan: read on, or let go. */
  async #tend(file: TailedFile): Promise<void> {
    if (file.copyOf) await this.#rotation.recheck(file)
    if (await this.#lag.enforce(file)) return
    if (file.emptiedSinceNs !== undefined && file.attached) await this.#rotation.followEmpty(file)
    if (file.cameShort && file.attached && file.isReadable && !file.busy) await this.#roster.reopen(file)
    if (this.#roster.isOver(file)) {
      const isRead = file.isDone && file.unread === 0
      if (isRead && this.#host.heldAt?.(file.key) === undefined) return this.#roster.retire(file)
      // Its last record is whole: nothing follows.
      if (isRead) return this.#pump.announce(file, 'all')
      file.finishing = true
    }
    this.#pump.add(file)
  }

  /** What was handed over is not safe as long as it is held back. */
  #safeUpTo(file: TailedFile): number {
    return Math.min(file.safe, this.#host.heldAt?.(file.key) ?? file.safe)
  }

  async #skipToEnd(file: TailedFile): Promise<void> {
    await this.#roster.moveTo(
      file,
      await lastLineStart(file, this.#layer, this.#host.readBytes, this.#config.encoding),
    )
    this.#pump.announce(file)
  }

  #skip(file: TailedFile): void {
    file.skipped = true
    this.#meters.skipped.inc()
    this.#host.log.info('tail_file_skipped', `${file.at} is compressed and left out`, { file: file.at })
    void this.#roster.close(file)
  }

  #readFailed(file: TailedFile, error: unknown): void {
    this.#problems.add('read', file.at, {
      event: 'tail_read_failed',
      message: `${this.#host.key}.paths: reading ${file.at} failed at byte ${file.next}: ${error}`,
    })
  }

  #noteStalled(): void {
    const now = this.#host.clock.monotonic()
    const stalled = new Map<string, Trouble>()
    for (const file of this.#roster.files.values()) {
      if (!file.isReadable && !file.sinking) file.progressMs = now
      if (now - file.progressMs < STALLED_MS) continue
      const why = this.#pump.isHandingOver
        ? 'the spool does not take more; is an output away?'
        : 'reading does not advance'
      stalled.set(file.at, {
        event: 'tail_stalled',
        message: `${file.at}: ${file.size - file.safe} bytes wait since ${Math.round((now - file.progressMs) / 1000)} s: ${why}`,
      })
    }
    this.#problems.set('stalled', stalled)
  }

  /** The folders to listen to, with the number of files that are followed in each. */
  #foldersOf(found: Discovery): Map<string, number> {
    const folders = new Map<string, number>()
    for (const folder of found.folders) folders.set(folder, 0)
    for (const { at, realPath } of this.#roster.files.values()) {
      // A link's target changes in a folder of its own.
      const folder = dirname(realPath ?? at)
      folders.set(folder, (folders.get(folder) ?? 0) + 1)
    }
    return folders
  }

  /** Whether the next poll may wait longer: nothing was found, and nothing can happen unreported. */
  async #pollOnce(): Promise<boolean> {
    const before = this.#stateSum()
    await this.poll()
    return before === this.#stateSum() && this.#isComplete && this.#watch.isComplete
  }

  /** Changes whenever a poll has found something that no report of the kernel had brought. */
  #stateSum(): number {
    let sum = 0
    for (const file of this.#roster.files.values()) sum += 1 + file.size
    return sum
  }

  /** Looks at what the kernel reported, and no more. */
  async #follow(): Promise<void> {
    const { paths, folders, moved } = this.#watch.take()
    if (moved) return this.#scan()
    for (const file of this.#roster.files.values()) {
      if (!isTouched(file.at, paths, folders) && !isTouched(file.realPath, paths, folders)) continue
      await this.#roster.refresh(file)
      this.#pump.add(file)
    }
  }
}

function isTouched(
  path: string | undefined,
  paths: ReadonlySet<string>,
  folders: ReadonlySet<string>,
): boolean {
  return path !== undefined && (paths.has(path) || folders.has(dirname(path)))
}

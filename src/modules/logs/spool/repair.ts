import type { Log } from '../../../kernel/log/log.ts'
import type { Disk } from './disk.ts'
import { diskProblem } from './disk-error.ts'
import type { Positions } from './positions.ts'
import { quarantine } from './quarantine.ts'
import type { Damage, Recovered } from './recovery.ts'
import type { FilePosition, Segment } from './segment.ts'
import type { SpoolWriter } from './writer.ts'

export interface RepairOptions {
  readonly disk: Disk
  readonly log: Log
  readonly writer: SpoolWriter
  readonly positions: Positions
  readonly onCorrupt: () => void
}

/**
 * Cuts torn tails and puts corrupt rests aside. Where frames lie behind a gap, the positions from before it are spooled
 * first, which may have to wait for the disk: the spool is used meanwhile, and `done` tells when all is mended.
 */
export async function repair(options: RepairOptions, recovered: Recovered): Promise<{ done: Promise<void> }> {
  const { damages, resets } = recovered
  for (const damage of damages) if (damage.kind === 'corrupt') report(options, damage)
  if (resets.size === 0) {
    await cut(options, damages)
    return { done: Promise.resolve() }
  }
  options.positions.pendingResets = resets
  const done = spoolResets(options, resets).then(
    () => cut(options, damages),
    () => {},
  )
  return { done }
}

/** Positions are spooled like any other: with frames, here without records. */
async function spoolResets(
  { writer, positions }: RepairOptions,
  resets: ReadonlyMap<string, FilePosition>,
): Promise<void> {
  const none = { bytes: Buffer.alloc(0), count: 0, starts: new Uint32Array(0), ends: new Uint32Array(0) }
  const appends = [...resets.values()].map(({ path, ...position }) => {
    const origin = { input: 'recovery', path, tag: 'recovery', position }
    return writer.append({ ...none, timesMs: new Float64Array(0), origin }, true)
  })
  await Promise.all(appends)
  await writer.sync()
  positions.pendingResets = new Map()
}

async function cut({ disk, log }: RepairOptions, damages: readonly Damage[]): Promise<void> {
  for (const { segment, at, kind } of damages) {
    try {
      if (kind === 'corrupt') await quarantine(disk, segment, at)
      else if (segment.frames === 0) await disk.remove(segment.path)
      else await cutTail(disk, log, segment, at)
      segment.held = false
    } catch (error) {
      const message = `cannot mend ${segment.path}: ${diskProblem(error)}; the next start tries again`
      log.error('spool_repair_failed', message)
      // A tail that was never acknowledged does no harm: its segment may go when its time comes.
      if (kind === 'torn') segment.held = false
    }
  }
}

async function cutTail(disk: Disk, log: Log, segment: Segment, at: number): Promise<void> {
  const file = await disk.open(segment.path, 'write')
  try {
    await file.truncate(at)
    await file.sync()
  } finally {
    await file.close()
  }
  log.info('spool_tail_cut', `a write that a crash had cut off was removed from ${segment.path}`)
}

function report({ log, onCorrupt }: RepairOptions, { segment, at }: Damage): void {
  onCorrupt()
  const message = `${segment.path} is damaged at byte ${at}: its rest is put aside as ${segment.path}.bad, and its sources are read again from before it where they still exist`
  log.error('spool_corrupt', message)
}

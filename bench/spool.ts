// Appends 256 KiB batches of 236-byte records with one reader in memory: MB/s and CPU per MB, write and reader together,
// beside the bare checksum and write of the same bytes to a plain file.
// node bench/spool.ts [megabytes] [folder]
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { systemClock } from '../src/kernel/clock/system.ts'
import { fakeHost } from '../src/kernel/host-fake.ts'
import type { Batch } from '../src/modules/logs/batch.ts'
import { openSpool } from '../src/modules/logs/spool/spool.ts'

const RECORD_BYTES = 236
const BATCH_BYTES = 256 * 1024
const MIB = 1024 * 1024
/** What is acknowledged at once: an output sends about a megabyte. */
const FRAMES_A_SEND = 4

const megabytes = Number(process.argv[2] ?? 1000)
const folder = fs.mkdtempSync(join(process.argv[3] ?? tmpdir(), 'outrigger-bench-spool-'))
try {
  console.log(`${megabytes} MiB in batches of ${BATCH_BYTES / 1024} KiB of ${RECORD_BYTES}-byte records`)
  console.log('what                       MB/s   CPU ms per MB (user + system)')
  for (let round = 0; round < 3; round++) {
    await measure('checksum and write only', () => bare(join(folder, 'bare')))
    await measure('spool, reader in memory', () => spool(join(folder, `memory${round}`), 8 * MIB))
    await measure('spool, reader from disk', () => spool(join(folder, `disk${round}`), 0))
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true })
}

async function measure(what: string, run: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await run()
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const [total, u, s] = [user + system, user, system].map(us => (us / 1000 / megabytes).toFixed(2))
  console.log(`${what.padEnd(24)} ${(megabytes / seconds).toFixed(0).padStart(6)}   ${total} (${u} + ${s})`)
}

async function bare(path: string): Promise<void> {
  const bytes = makeBatch().bytes
  const file = await fs.promises.open(path, 'w')
  let position = 0
  for (let n = 0; n < (megabytes * MIB) / BATCH_BYTES; n++) {
    crc32(bytes)
    // As large as a segment, and as often written anew.
    if (position > 8 * MIB) {
      await file.truncate(0)
      position = 0
    }
    position += (await file.write(bytes, 0, bytes.length, position)).bytesWritten
  }
  await file.close()
}

async function spool(path: string, memoryBytes: number): Promise<void> {
  const { clock, metrics, log, signal } = fakeHost({ clock: systemClock() })
  await using journal = await openSpool({
    folder: path,
    readers: ['out'],
    memoryBytes,
    clock,
    metrics,
    log,
    signal,
  })
  const reader = journal.reader('out')
  let records = 0
  for (let n = 0; n < (megabytes * MIB) / BATCH_BYTES; n++) {
    await journal.append(makeBatch())
    for (let slice = await reader.take(); slice; slice = await reader.take()) {
      records += slice.to - slice.from
      if (slice.frame.sequence % FRAMES_A_SEND === 0) reader.ack(slice.frame.sequence)
    }
  }
  const expected = ((megabytes * MIB) / BATCH_BYTES) * makeBatch().count
  if (records !== expected) throw new Error(`${records} of ${expected} records came through`)
}

/** The columns are new each time, as a tail's are; the bytes are shared, because filling them is not what is measured. */
function makeBatch(): Batch {
  const count = Math.floor(BATCH_BYTES / (RECORD_BYTES + 1))
  const starts = new Uint32Array(count)
  const ends = new Uint32Array(count)
  for (let index = 0; index < count; index++) {
    starts[index] = index * (RECORD_BYTES + 1)
    ends[index] = starts[index]! + RECORD_BYTES
  }
  const origin = {
    input: 'tail',
    path: '/var/log/app.log',
    tag: 'tail',
    position: { file: 'fd00:1', offset: count },
  }
  return { bytes: content(), count, starts, ends, timesMs: new Float64Array(count), origin }
}

function content(): Buffer {
  return (content.made ??= Buffer.alloc(
    BATCH_BYTES,
    '{"level":"info","message":"a request was served","status":200}',
  ))
}
content.made = undefined as Buffer | undefined

// A process to be killed: appends numbered records from the position on, and tells its parent how many are safe.
import { systemClock } from '../../../kernel/clock/system.ts'
import { fakeHost } from '../../../kernel/host-fake.ts'
import { fakeBatch } from './batch-fake.ts'
import { openSpool } from './spool.ts'

if (process.send) await appendForEver(process.argv[2]!)

async function appendForEver(folder: string): Promise<void> {
  const { clock, metrics, log, signal } = fakeHost({ clock: systemClock() })
  const options = { folder, readers: ['out'], memoryBytes: 100_000, segmentBytes: 256 * 1024 }
  const spool = await openSpool({ ...options, clock, metrics, log, signal })
  for (let from = spool.position('numbers')?.offset ?? 0; ; ) {
    const count = 1 + (from % 7)
    const records = Array.from(
      { length: count },
      (_, i) => `{"n":${from + i},"pad":"${'x'.repeat((from * 37) % 900)}"}`,
    )
    from += count
    await spool.append(fakeBatch(records, { file: 'numbers', offset: from }))
    await new Promise(resolve => process.send!(from, resolve))
  }
}

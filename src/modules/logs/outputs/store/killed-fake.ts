// A writer that output.test.ts kills: frame after frame from the given one, and each acknowledged one on stdout.
import { systemClock } from '../../../../kernel/clock/system.ts'
import { fakeHost } from '../../../../kernel/host-fake.ts'
import { openStore } from './output.ts'
import { frameOf, sliceOf } from './records-fake.ts'

const PER_FRAME = 40
const [folder = '', first = ''] = process.argv.slice(2)

const fake = fakeHost({ clock: systemClock(), dataDir: folder })
const output = await openStore(
  {
    fullText: 'record',
    maxSizeBytes: 2 ** 30,
    maxAgeMs: Number.MAX_SAFE_INTEGER,
    flushIntervalMs: 10,
  },
  { ...fake, name: 'store', id: 'store', key: '', spoolId: 'killed', invalidUtf8: { inc() {} } },
)
for (let sequence = Number(first); ; sequence++) {
  const records = Array.from({ length: PER_FRAME }, (_, i) => ({
    n: (sequence - 1) * PER_FRAME + i,
    message: 'killed',
  }))
  const outcome = await output.send([sliceOf(frameOf(sequence, records, sequence * 1000))], fake.signal)
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  process.stdout.write(`${sequence}\n`)
}

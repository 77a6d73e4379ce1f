import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { type Bed, bed } from './bed.fake.ts'

interface Scenario {
  readonly name: string
  readonly paths?: readonly string[]
  readonly before?: (bed: Bed) => void
  readonly config?: Readonly<Record<string, unknown>>
  /** What happens; `round()` is one look of tail. */
  readonly run: (bed: Bed, file: (name: string) => string) => Promise<void>
  /** In whatever order, each exactly once. */
  readonly expected: readonly string[]
  readonly counts?: Readonly<Record<string, number>>
}

/** Rotated files keep a time of last change that is earlier than that of their successors. */
function age(path: string, seconds: number): void {
  const at = Date.now() / 1000 - seconds
  utimesSync(path, at, at)
}

const scenarios: readonly Scenario[] = [
  {
    name: 'reads what is there and what is appended',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      appendFileSync(file('app.log'), 'b\nc\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
  },
  {
    name: 'a file that appears later is read from its start',
    run: async (bed, file) => {
      await bed.round()
      writeFileSync(file('app.log'), 'a\n')
      await bed.round()
    },
    expected: ['a'],
  },
  {
    name: 'rename and create: the old file is read to its end, then the new one',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      appendFileSync(file('app.log'), 'b\n')
      renameSync(file('app.log'), file('app.log.1'))
      appendFileSync(file('app.log.1'), 'c\n')
      writeFileSync(file('app.log'), 'd\n')
      await bed.round()
      appendFileSync(file('app.log.1'), 'late\n')
      appendFileSync(file('app.log'), 'e\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c', 'd', 'late', 'e'],
    counts: { rotated_files_total: 1, opened_files_total: 2 },
  },
  {
    name: 'rotated twice between two looks: the generation in between is found',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      appendFileSync(file('app.log'), 'b\n')
      renameSync(file('app.log'), file('app.log.2'))
      age(file('app.log.2'), 20)
      writeFileSync(file('app.log.1'), 'between\n')
      age(file('app.log.1'), 10)
      writeFileSync(file('app.log'), 'c\n')
      await bed.round()
    },
    expected: ['a', 'b', 'between', 'c'],
  },
  {
    name: 'generations from before the start are none of our business',
    before: bed => {
      writeFileSync(bed.path('app.log.1'), 'old\n')
      age(bed.path('app.log.1'), 100)
      writeFileSync(bed.path('app.log'), 'a\n')
    },
    run: async (bed, file) => {
      renameSync(file('app.log.1'), file('app.log.2'))
      renameSync(file('app.log'), file('app.log.1'))
      writeFileSync(file('app.log'), 'b\n')
      await bed.round()
    },
    expected: ['a', 'b'],
  },
  {
    name: 'renamed within the glob: not read twice, not even after a restart',
    paths: ['app.log*'],
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      renameSync(file('app.log'), file('app.log.1'))
      appendFileSync(file('app.log.1'), 'b\n')
      writeFileSync(file('app.log'), 'c\n')
      await bed.round()
      await bed.restart()
      appendFileSync(file('app.log.1'), 'd\n')
      await bed.round()
      await bed.expireRotated()
      appendFileSync(file('app.log.1'), 'e\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c', 'd', 'e'],
  },
  {
    name: 'rotated while down: the rest of the old file is found beside the new one',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      await bed.crash()
      appendFileSync(file('app.log'), 'b\n')
      renameSync(file('app.log'), file('app.log.1'))
      writeFileSync(file('app.log'), 'c\n')
      await bed.start()
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
  },
  {
    name: 'rotated twice while down: the generation that was never seen is found too',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      await bed.crash()
      renameSync(file('app.log'), file('app.log.2'))
      age(file('app.log.2'), 20)
      writeFileSync(file('app.log.1'), 'between\n')
      age(file('app.log.1'), 10)
      writeFileSync(file('app.log'), 'c\n')
      await bed.start()
      await bed.round()
    },
    expected: ['a', 'between', 'c'],
  },
  {
    name: 'copytruncate: what was written between the last look and the truncation is read from the copy',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      appendFileSync(file('app.log'), 'b\n')
      copyFileSync(file('app.log'), file('app.log.1'))
      truncateSync(file('app.log'))
      await bed.round()
      appendFileSync(file('app.log'), 'c\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
    counts: { truncated_files_total: 1, possible_gaps_total: 0 },
  },
  {
    name: 'copytruncate without a copy at hand is counted as a possible gap',
    before: bed => writeFileSync(bed.path('app.log'), 'a\nb\n'),
    run: async (bed, file) => {
      truncateSync(file('app.log'))
      appendFileSync(file('app.log'), 'c\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
    counts: { truncated_files_total: 1, possible_gaps_total: 1 },
  },
  {
    name: 'copytruncate, then as many bytes as were read before: the new content is read, and the rest of the copy',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      age(file('app.log'), 10)
      await bed.round()
      appendFileSync(file('app.log'), 'b\n')
      copyFileSync(file('app.log'), file('app.log.1'))
      truncateSync(file('app.log'))
      appendFileSync(file('app.log'), 'c\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
    counts: { truncated_files_total: 1, possible_gaps_total: 0 },
  },
  {
    name: 'a file that is touched and holds what it held is not read again',
    before: bed => writeFileSync(bed.path('app.log'), 'a\nwaits'),
    run: async (bed, file) => {
      age(file('app.log'), 10)
      await bed.round()
      appendFileSync(file('app.log'), ' for its end\n')
      await bed.round()
    },
    expected: ['a', 'waits for its end'],
    counts: { truncated_files_total: 0 },
  },
  {
    name: 'copytruncate within the glob: the copy is not read again, not even after a restart',
    paths: ['app.log*'],
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      copyFileSync(file('app.log'), file('app.log.1'))
      truncateSync(file('app.log'))
      appendFileSync(file('app.log'), 'b\n')
      await bed.round()
      await bed.restart()
      await bed.round()
    },
    expected: ['a', 'b'],
  },
  {
    name: 'copytruncate within the glob, seen between copy and truncation',
    paths: ['app.log*'],
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      copyFileSync(file('app.log'), file('app.log.1'))
      await bed.round()
      await bed.restart()
      appendFileSync(file('app.log'), 'b\n')
      appendFileSync(file('app.log.1'), 'b\n')
      truncateSync(file('app.log'))
      await bed.round()
      await bed.round()
      appendFileSync(file('app.log'), 'c\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
  },
  {
    name: 'truncated and grown past the old offset: told apart by the bytes before it',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      truncateSync(file('app.log'))
      appendFileSync(file('app.log'), 'b\nc\nd\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c', 'd'],
    counts: { truncated_files_total: 1 },
  },
  {
    name: 'truncated under a writer that does not append: the zeros up to its offset are left out',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      truncateSync(file('app.log'))
      truncateSync(file('app.log'), 10_000)
      appendFileSync(file('app.log'), 'b\n')
      await bed.round()
      appendFileSync(file('app.log'), 'c\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
  },
  {
    name: 'copytruncate while down: the rest is read from the copy',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      await bed.crash()
      appendFileSync(file('app.log'), 'b\n')
      copyFileSync(file('app.log'), file('app.log.1'))
      truncateSync(file('app.log'))
      appendFileSync(file('app.log'), 'c\nd\ne\n')
      await bed.start()
      await bed.round()
    },
    expected: ['a', 'b', 'c', 'd', 'e'],
  },
  {
    name: 'another file on the same inode is read from its start',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      await bed.crash()
      // The same inode with other content is what a reused inode looks like.
      writeFileSync(file('app.log'), 'x\ny\nz\n')
      await bed.start()
      await bed.round()
    },
    expected: ['a', 'x', 'y', 'z'],
  },
  {
    name: 'a new file on the inode of one that was read and let go is no truncation',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      renameSync(file('app.log'), file('app.log.1'))
      writeFileSync(file('app.log'), 'b\n')
      await bed.expireRotated()
      // What a reused inode looks like: known, let go, and other content under a followed name.
      renameSync(file('app.log'), file('app.log.2'))
      writeFileSync(file('app.log.1'), 'c\n')
      renameSync(file('app.log.1'), file('app.log'))
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
    counts: { truncated_files_total: 0, possible_gaps_total: 0 },
  },
  {
    name: 'a file that grew while it was closed, and was renamed before that was seen',
    paths: ['*.log'],
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      writeFileSync(file('b.log'), 'b\n')
      await bed.round()
      assert.equal(bed.host.metric('tail_open_files', { input: 'tail' }), 1, 'app.log is closed')
      appendFileSync(file('app.log'), 'unseen\n')
      renameSync(file('app.log'), file('app.log.1'))
      writeFileSync(file('app.log'), 'c\n')
      await bed.round()
      await bed.round()
    },
    config: { maxOpenFiles: 1 },
    expected: ['a', 'b', 'unseen', 'c'],
  },
  {
    name: 'copytruncate just before a crash: the copy that is read is not read again',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      appendFileSync(file('app.log'), 'b\n')
      copyFileSync(file('app.log'), file('app.log.1'))
      truncateSync(file('app.log'))
      await bed.round()
      await bed.restart()
      await bed.round()
    },
    expected: ['a', 'b'],
    counts: { possible_gaps_total: 0 },
  },
  {
    name: 'a deleted file is read to its end',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      appendFileSync(file('app.log'), 'b\nunterminated')
      unlinkSync(file('app.log'))
      await bed.round()
      await bed.expireRotated()
      assert.equal(bed.host.metric('tail_open_files', { input: 'tail' }), 0)
      assert.equal(bed.positions.size, 0, 'its position is forgotten')
    },
    expected: ['a', 'b', 'unterminated'],
  },
  {
    name: 'an unterminated last line waits for its line feed in a file that lives, and goes out when it was rotated',
    before: bed => writeFileSync(bed.path('app.log'), 'a\nhalf'),
    run: async (bed, file) => {
      await bed.expireRotated()
      assert.deepEqual(bed.texts, ['a'])
      appendFileSync(file('app.log'), ' whole\nlast')
      await bed.round()
      assert.deepEqual(bed.texts, ['a', 'half whole'])
      renameSync(file('app.log'), file('app.log.1'))
      writeFileSync(file('app.log'), '')
      await bed.expireRotated()
    },
    expected: ['a', 'half whole', 'last'],
  },
  {
    name: 'a renamed file is not let go while nothing has taken its path',
    before: bed => writeFileSync(bed.path('app.log'), 'a\n'),
    run: async (bed, file) => {
      renameSync(file('app.log'), file('app.log.1'))
      await bed.expireRotated()
      appendFileSync(file('app.log.1'), 'b\n')
      await bed.round()
    },
    expected: ['a', 'b'],
  },
  {
    name: 'a symbolic link that is set to another file is a rotation',
    before: bed => {
      writeFileSync(bed.path('one'), 'a\n')
      symlinkSync('one', bed.path('app.log'))
    },
    run: async (bed, file) => {
      appendFileSync(file('one'), 'b\n')
      writeFileSync(file('two'), 'c\n')
      symlinkSync('two', file('next'))
      renameSync(file('next'), file('app.log'))
      await bed.round()
      appendFileSync(file('one'), 'late\n')
      appendFileSync(file('two'), 'd\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c', 'late', 'd'],
  },
  {
    name: 'behind a link the rotation happens in the folder of the target',
    before: bed => {
      mkdirSync(bed.path('pod'))
      writeFileSync(bed.path('pod/0.log'), 'a\n')
      symlinkSync('pod/0.log', bed.path('app.log'))
    },
    run: async (bed, file) => {
      await bed.crash()
      appendFileSync(file('pod/0.log'), 'b\n')
      renameSync(file('pod/0.log'), file('pod/0.log.20260101-000000'))
      writeFileSync(file('pod/0.log'), 'c\n')
      await bed.start()
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
  },
  {
    name: 'a file with two names is read once',
    paths: ['*.log'],
    before: bed => {
      writeFileSync(bed.path('a.log'), 'a\n')
      linkSync(bed.path('a.log'), bed.path('b.log'))
    },
    run: async (bed, file) => {
      appendFileSync(file('b.log'), 'b\n')
      await bed.round()
      rmSync(file('a.log'))
      appendFileSync(file('b.log'), 'c\n')
      await bed.round()
    },
    expected: ['a', 'b', 'c'],
  },
  {
    name: 'compressed files are left out with one message',
    paths: ['app.log*'],
    before: bed => {
      writeFileSync(bed.path('app.log.2.gz'), Buffer.from('1f8b0800aabbccdd0a0a0a', 'hex'))
      writeFileSync(bed.path('app.log'), 'a\n')
    },
    run: async bed => {
      await bed.round()
      await bed.round()
      assert.equal(bed.host.log.of('tail_file_skipped').length, 1)
    },
    expected: ['a'],
    counts: { skipped_files_total: 1 },
  },
]

for (const { name, run, expected, counts = {}, ...options } of scenarios) {
  test(name, async t => {
    const made = await bed(t, options)
    await run(made, path => made.path(path))
    assert.deepEqual([...made.texts].sort(), [...expected].sort())
    for (const [metric, value] of Object.entries(counts)) assert.equal(made.count(metric) ?? 0, value, metric)
  })
}

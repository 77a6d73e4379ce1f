import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Slice } from '../../src/modules/logs/batch.ts'
import type { Outcome, Output } from '../../src/modules/logs/outputs/output.ts'
import { fakeSlice } from '../../src/modules/logs/outputs/output-fakes.ts'
import type { Started } from '../outputs/destination.ts'

/** One output, opened before a peer of its own that the suite can take away. */
export interface Subject {
  readonly output: Output
  /** The `n` of every record that arrived, ascending. */
  arrived(): Promise<number[]>
  /** The peer goes away, and comes back. */
  readonly peer?: Started['peer']
  /** Closes the host's scope. */
  close(): Promise<void>
}

export interface Suite {
  readonly name: string
  /** There is nobody who could be away. */
  readonly isLocal: boolean
  begin(t: TestContext, options: { readonly peerAway: boolean }): Promise<Subject>
}

const never = new AbortController().signal

/** What the delivery relies on, for every output. */
export function outputConformance({ name, isLocal, begin }: Suite): void {
  describe(`the ${name} output keeps the contract`, () => {
    test('has limits that can be kept', async t => {
      const { limits } = (await begin(t, { peerAway: false })).output
      for (const limit of ['maxBytes', 'maxRecords', 'concurrency'] as const)
        assert.ok(limits[limit] >= 1, limit)
      assert.ok(limits.maxAgeMs >= 0)
    })

    test('delivers every record of the slices, and only these', async t => {
      const { output, arrived } = await begin(t, { peerAway: false })
      const slices = [
        numbered(1, 0, 10),
        { ...numbered(2, 10, 20), from: 2, to: 5 },
        { ...numbered(3, 30, 5), from: 5 },
      ]
      assert.deepEqual(await output.send(slices, never), { kind: 'done' })
      assert.deepEqual(await arrived(), [...range(0, 10), ...range(12, 15)])
    })

    test('is done with nothing at once', async t => {
      const { output, arrived } = await begin(t, { peerAway: false })
      assert.deepEqual(await output.send([], never), { kind: 'done' })
      assert.deepEqual(await arrived(), [])
    })

    test('takes as many sends at once as it says', async t => {
      const { output, arrived } = await begin(t, { peerAway: false })
      const sends = range(0, output.limits.concurrency).map(i =>
        output.send([numbered(i + 1, i * 100, 100)], never),
      )
      for (const outcome of await Promise.all(sends)) assert.deepEqual(outcome, { kind: 'done' })
      assert.deepEqual(await arrived(), range(0, output.limits.concurrency * 100))
    })

    test('settles a send that is stopped, and works on', async t => {
      const { output, arrived } = await begin(t, { peerAway: false })
      const stop = new AbortController()
      const sent = output.send([numbered(1, 0, 10)], stop.signal)
      stop.abort(new Error('stopped'))
      assertOutcome(await sent)
      assert.deepEqual(await output.send([numbered(1, 0, 10)], never), { kind: 'done' })
      assert.deepEqual([...new Set(await arrived())], range(0, 10))
    })

    test('settles what is under way when its scope closes', async t => {
      const { output, close } = await begin(t, { peerAway: false })
      const sent = output.send([numbered(1, 0, 100)], never)
      await close()
      assertOutcome(await sent)
    })

    if (isLocal) return

    test('opens, and says what is wrong, while its peer is away; then delivers', async t => {
      const { output, arrived, peer } = await begin(t, { peerAway: true })
      assert.ok(peer)
      await tryAway(output, numbered(1, 0, 3))
      await peer.back()
      await sendIfNotKept(output, numbered(1, 0, 3))
      assert.deepEqual(await arrived(), range(0, 3))
    })

    test('reports a failure, time and again, when its peer goes away, and recovers without being opened again', async t => {
      const { output, arrived, peer } = await begin(t, { peerAway: false })
      assert.ok(peer)
      for (const round of range(0, 3)) {
        assert.deepEqual(await output.send([numbered(round * 2 + 1, round * 20, 10)], never), {
          kind: 'done',
        })
        await peer.away()
        const next = numbered(round * 2 + 2, round * 20 + 10, 10)
        await tryAway(output, next)
        if (!output.drain) await tryAway(output, next)
        await peer.back()
        await sendIfNotKept(output, next)
      }
      assert.deepEqual(await arrived(), range(0, 60))
    })
  })
}

/** While the peer is away a send fails, or the output keeps the records itself. */
async function tryAway(output: Output, slice: Slice): Promise<void> {
  const outcome = await output.send([slice], never)
  if (output.drain) assert.deepEqual(outcome, { kind: 'done' })
  else assertFailed(outcome)
}

async function sendIfNotKept(output: Output, slice: Slice): Promise<void> {
  if (!output.drain) assert.deepEqual(await output.send([slice], never), { kind: 'done' })
}

function assertFailed(outcome: Outcome): void {
  assert.equal(outcome.kind, 'failed')
  assert.match(outcome.kind === 'failed' ? outcome.reason : '', /\w{3}/, 'a reason for people')
}

function assertOutcome(outcome: Outcome): void {
  assert.ok(['done', 'failed'].includes(outcome.kind), outcome.kind)
}

/** A frame of records `{"n":first}`, `{"n":first+1}` … that happened just now. */
function numbered(sequence: number, first: number, count: number): Slice {
  return fakeSlice(
    range(first, first + count).map(n => ({ n })),
    { sequence, timeMs: Date.now() },
  )
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fakeBatch, recordsOf } from './batch-fake.ts'
import { withoutBallast, withoutGaps } from './compact.ts'
import { decodeBatch, decodeHead, encodeFrame, FRAME_HEAD_BYTES, frameBytes } from './frame-codec.ts'

const batches = fc.record({
  records: fc.array(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 20 }),
  gapBytes: fc.integer({ min: 0, max: 300 }),
  offset: fc.option(fc.nat({ max: Number.MAX_SAFE_INTEGER }), { nil: undefined }),
  mark: fc.option(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), { nil: undefined }),
  path: fc.string({ unit: 'binary', maxLength: 40 }),
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  skip: fc.nat({ max: 5 }),
})

test('a frame decodes to what was encoded, whatever part of its buffers a batch uses', () => {
  fc.assert(
    fc.property(batches, ({ records, gapBytes, offset, mark, path, sequence, skip }) => {
      const whole = fakeBatch(records, {
        gapBytes,
        path,
        ...(offset === undefined ? {} : { offset }),
        ...(mark === undefined ? {} : { mark }),
      })
      const from = Math.min(skip, records.length)
      const batch = {
        ...whole,
        count: records.length - from,
        starts: whole.starts.subarray(from),
        ends: whole.ends.subarray(from),
        timesMs: whole.timesMs.subarray(from).map((_, i) => i / 2),
      }
      for (const form of [batch, withoutGaps(batch), withoutBallast(batch)]) {
        const encoded = encodeFrame(form, sequence, 12.5)
        const bytes = Buffer.concat(encoded.pieces)
        assert.equal(bytes.length, encoded.bytes)
        assert.equal(bytes.length, frameBytes(form))
        const payload = bytes.subarray(FRAME_HEAD_BYTES)
        const head = decodeHead(payload)!
        assert.deepEqual(head, { sequence, spooledAtMs: 12.5, count: batch.count, origin: batch.origin })
        const decoded = decodeBatch(payload, head)
        const frame = { sequence, batch: decoded }
        assert.deepEqual(
          recordsOf({ frame, from: 0, to: batch.count }),
          records.slice(from).map(r => Buffer.from(r).toString()),
        )
        assert.deepEqual(decoded.timesMs, new Float64Array(batch.timesMs))
      }
    }),
  )
})

test('a payload that is not one of ours is not decoded', () => {
  const payload = Buffer.concat(encodeFrame(fakeBatch(['{}']), 1, 0).pieces).subarray(FRAME_HEAD_BYTES)
  const table: [string, Buffer][] = [
    ['empty', Buffer.alloc(0)],
    ['too short', payload.subarray(0, 20)],
    ['another kind', Buffer.from([9, ...payload.subarray(1)])],
    ['lengths that do not add up', Buffer.concat([payload, Buffer.from('x')])],
  ]
  for (const [what, bytes] of table) assert.equal(decodeHead(bytes), undefined, what)
})

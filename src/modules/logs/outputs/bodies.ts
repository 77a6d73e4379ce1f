import { inTurns } from '../../../kernel/long-work.ts'
import { ByteWriter } from '../../../wire/json/writer.ts'
import type { Slice } from '../batch.ts'
import { RecordView } from '../template/template.ts'
import type { OutputHost } from './output.ts'
import type { RequestRecords } from './requests.ts'
import { countBytes } from './selection.ts'

/** How the records of a body stand together. */
export interface BodyFrame {
  readonly open: Buffer
  readonly between: Buffer
  readonly close: Buffer
  /** Every record has a request of its own. */
  readonly single?: boolean
}

/** Records that share a request: those with the same key. */
export interface Body<Key> extends RequestRecords {
  readonly key: Key
  readonly ordinals: number[]
  readonly bytes: Buffer
}

export interface BodyPlan<Key> {
  readonly frame: BodyFrame
  /** Where the record goes; two with the same `id` go together. */
  readonly keyOf: (view: RecordView) => { readonly id: string; readonly key: Key }
  /** Appends the record; false leaves it out: the plan's owner knows why. */
  readonly write: (view: RecordView, out: ByteWriter, ordinal: number) => boolean
}

const recordsPerStep = 128
const leastBytes = 4096

/** Makes the bodies of a send, in turns of the loop. */
export async function makeBodies<Key>(
  slices: readonly Slice[],
  plan: BodyPlan<Key>,
  { slice }: Pick<OutputHost, 'slice'>,
): Promise<Body<Key>[]> {
  return await inTurns(bodiesInSteps(slices, plan), slice)
}

function* bodiesInSteps<Key>(slices: readonly Slice[], plan: BodyPlan<Key>): Generator<void, Body<Key>[]> {
  const { frame, keyOf, write } = plan
  const open = new Map<string, { key: Key; ordinals: number[]; out: ByteWriter }>()
  const view = new RecordView()
  // The first body is most often the only one.
  let room = Math.ceil(countBytes(slices) * 1.2) + leastBytes
  let ordinal = 0
  for (const {
    frame: { batch },
    from,
    to,
  } of slices) {
    for (let i = from; i < to; i++) {
      view.at(batch, i)
      const { id, key } = keyOf(view)
      const name = frame.single ? String(ordinal) : id
      let body = open.get(name)
      if (body === undefined) {
        body = { key, ordinals: [], out: new ByteWriter(room) }
        room = leastBytes
        open.set(name, body)
      }
      const { out, ordinals } = body
      const before = out.length
      const part = before === 0 ? frame.open : frame.between
      out.copy(part, 0, part.length)
      if (write(view, out, ordinal)) ordinals.push(ordinal)
      else out.length = before
      if (++ordinal % recordsPerStep === 0) yield
    }
  }
  const bodies: Body<Key>[] = []
  for (const { key, ordinals, out } of open.values()) {
    if (ordinals.length === 0) continue
    out.copy(frame.close, 0, frame.close.length)
    bodies.push({ key, ordinals, bytes: out.bytes.subarray(0, out.length) })
  }
  return bodies
}

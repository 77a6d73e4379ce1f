import { ProtobufWriter } from '../protobuf/writer.ts'
import { type Label, type MetricFamily, type Sample, shownName } from './family.ts'

export interface Point {
  /** `stale`: nothing comes of this series any more. */
  readonly value: number | 'stale'
  /** Since the epoch. */
  readonly timeMs: number
}

/** A NaN that no calculation gives: https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers */
const STALE_BITS = 0x7ff0000000000002n

const METADATA_TYPE: Readonly<Record<MetricFamily['type'], number>> = {
  unknown: 0,
  counter: 1,
  gauge: 2,
  histogram: 3,
  info: 6,
}

/** The labels of a sample and its name, sorted, and without empty ones, as receivers want them. */
export function seriesLabels(family: MetricFamily, sample: Sample): readonly Label[] {
  const labels: Label[] = [['__name__', family.name + sample.suffix]]
  for (const label of sample.labels) if (label[1] !== '') labels.push(label)
  return labels.sort(([a], [b]) => (a < b ? -1 : 1))
}

/**
 * A write request of version 1.0 (prometheus.WriteRequest), without its Snappy compression.
 * https://prometheus.io/docs/specs/prw/remote_write_spec/
 */
export class WriteRequest {
  readonly #out = new ProtobufWriter()

  /** `labels` from `seriesLabels`; `points` in the order of their times. */
  series(labels: readonly Label[], points: readonly Point[]): void {
    const out = this.#out
    const series = out.begin(1)
    for (const [name, value] of labels) {
      const label = out.begin(1)
      out.string(1, name)
      out.string(2, value)
      out.end(label)
    }
    for (const { value, timeMs } of points) {
      const sample = out.begin(2)
      if (value === 'stale') out.fixed64(1, STALE_BITS)
      else out.double(1, value)
      out.int64(2, timeMs)
      out.end(sample)
    }
    out.end(series)
  }

  /** What kind of metric it is and what it tells. */
  metadata(family: MetricFamily): void {
    const out = this.#out
    const metadata = out.begin(3)
    out.varint(1, METADATA_TYPE[family.type])
    out.string(2, shownName(family))
    out.string(4, family.help)
    out.end(metadata)
  }

  /** Valid until something is added. */
  get bytes(): Buffer {
    return this.#out.bytes
  }
}

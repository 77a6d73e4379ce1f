import type { Address } from '../../../../kernel/module.ts'
import type { Input, InputHost } from '../input.ts'
import { splitJsonObjects, splitLines, splitMessages } from './datagram-frames.ts'
import { type SplitDatagrams, serveDatagrams } from './datagrams.ts'
import { inputOf } from './line-input.ts'

export interface DatagramInputOptions {
  readonly listen: Address
  readonly framing: 'lines' | 'message' | 'json'
  /** Of the input: a JSON object must stand on one line. */
  readonly format: string
  readonly maxMessageBytes: number
}

/** An input whose messages come in datagrams, each as it is for the format. */
export async function startDatagramInput(options: DatagramInputOptions, host: InputHost): Promise<Input> {
  const { listen, maxMessageBytes } = options
  return inputOf(await serveDatagrams({ listen, split: splitOf(options), maxBytes: maxMessageBytes }, host))
}

function splitOf({ framing, format, maxMessageBytes }: DatagramInputOptions): SplitDatagrams {
  switch (framing) {
    case 'lines':
      return (bytes, ends) => splitLines(bytes, ends, maxMessageBytes)
    case 'json':
      return (bytes, ends) => splitJsonObjects(bytes, ends, maxMessageBytes)
    case 'message':
      return (bytes, ends) => splitMessages(bytes, ends, format === 'json')
  }
}

import type { FrameSink } from './frame-decoder.ts'

/** For tests: what a decoder told, as one line each; DATA in one line however it was split. */
export class FrameLog implements FrameSink {
  readonly lines: string[] = []
  #data: { streamId: number; text: string; flowBytes: number } | undefined

  data(streamId: number, slice: Buffer, flowBytes: number, end: boolean): void {
    if (this.#data?.streamId !== streamId) this.#flush()
    this.#data ??= { streamId, text: '', flowBytes: 0 }
    this.#data.text += slice.toString('latin1')
    this.#data.flowBytes += flowBytes
    if (end) this.#flush(' end')
  }

  headers(streamId: number, block: Buffer, endStream: boolean): void {
    this.#say(`headers ${streamId} ${block.toString('hex')}${endStream ? ' end' : ''}`)
  }

  reset(streamId: number, code: number): void {
    this.#say(`reset ${streamId} ${code}`)
  }

  settings(payload: Buffer): void {
    this.#say(`settings ${payload.toString('hex')}`)
  }

  settingsAcknowledged(): void {
    this.#say('settings ack')
  }

  ping(opaque: Buffer): void {
    this.#say(`ping ${opaque.toString('hex')}`)
  }

  pingAcknowledged(opaque: Buffer): void {
    this.#say(`ping ack ${opaque.toString('hex')}`)
  }

  goaway(lastStreamId: number, code: number): void {
    this.#say(`goaway ${lastStreamId} ${code}`)
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#say(`window ${streamId} ${increment}`)
  }

  idleFrame(): void {
    this.#say('idle')
  }

  streamFault(streamId: number, message: string): void {
    this.#say(`fault ${streamId} ${message}`)
  }

  finish(): string[] {
    this.#flush()
    return this.lines
  }

  #say(line: string): void {
    this.#flush()
    this.lines.push(line)
  }

  #flush(end = ''): void {
    if (this.#data === undefined) return
    const { streamId, text, flowBytes } = this.#data
    this.#data = undefined
    this.lines.push(`data ${streamId} "${text}" ${flowBytes}${end}`)
  }
}

/** For tests: one frame; `payload` is hexadecimal. */
export function frame(type: number, flags: number, streamId: number, payload: string): Buffer {
  const bytes = Buffer.from(payload.replaceAll(/\s/g, ''), 'hex')
  const head = Buffer.alloc(9)
  head.writeUIntBE(bytes.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, bytes])
}

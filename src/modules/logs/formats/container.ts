import type { JsonRecord } from '../../../wire/json/record.ts'
import type { ByteWriter } from '../../../wire/json/writer.ts'
import { CriFormat } from './cri.ts'
import { DockerFormat } from './docker.ts'
import type { Format, OnMisfit } from './format.ts'

const OPEN_BRACE = 0x7b

/** What a container runtime writes, whichever it is: a line of Docker's json-file is an object, one of CRI is not. */
export class ContainerFormat implements Format {
  readonly #docker: DockerFormat
  readonly #cri: CriFormat
  #last: DockerFormat | CriFormat

  constructor(onMisfit: OnMisfit) {
    this.#docker = new DockerFormat(onMisfit)
    this.#cri = new CriFormat(onMisfit)
    this.#last = this.#cri
  }

  get timeMs(): number {
    return this.#last.timeMs
  }

  get isPart(): boolean {
    return this.#last.isPart
  }

  get stream(): string {
    return this.#last.stream
  }

  read(bytes: Buffer, start: number, end: number, record: JsonRecord, out: ByteWriter): boolean {
    this.#last = bytes[start] === OPEN_BRACE ? this.#docker : this.#cri
    return this.#last.read(bytes, start, end, record, out)
  }
}

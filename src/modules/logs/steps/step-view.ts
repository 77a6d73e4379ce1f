import { Kind } from '../../../wire/json/bytes.ts'
import type { KeyPath } from '../../../wire/json/path.ts'
import type { JsonRecord } from '../../../wire/json/record.ts'
import { ValueSpan } from '../../../wire/json/value.ts'
import type { TemplateView } from '../template/template.ts'
import type { StepEvent } from './step.ts'

/** What a template draws on while a record passes the steps. */
export class StepView implements TemplateView {
  captures: readonly (string | undefined)[] = []
  readonly #value = new ValueSpan()
  #record!: JsonRecord
  #event!: StepEvent

  turnTo(record: JsonRecord, event: StepEvent): void {
    this.#record = record
    this.#event = event
  }

  get timeMs(): number {
    return this.#event.timeMs
  }

  get origin(): StepEvent {
    return this.#event
  }

  text(path: KeyPath): string | undefined {
    if (!this.#record.locate(path, this.#value) || this.#value.kind === Kind.null) return undefined
    const text = this.#value.asText()
    return text === '' ? undefined : text
  }
}

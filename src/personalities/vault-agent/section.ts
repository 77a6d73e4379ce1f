import { nearest } from '../../kernel/config/suggest.ts'
import type { HclItem, HclObject, HclPlace, HclValue } from '../../wire/hcl/tree.ts'
import type { Finding, Place } from '../finding.ts'
import { durationMs, fileMode, readBoolean, readWhole } from './values.ts'

/** One block as the tables of options read it: what nobody has asked for in the end is an unknown option. */
export class Section {
  /** `auto_auth.method`. */
  readonly name: string
  readonly place: Place
  readonly #file: string
  readonly #items: readonly HclItem[]
  readonly #findings: Finding[]
  readonly #known = new Set<string>()
  /** Of those, what was told as unknown. */
  readonly #unknown = new Set<string>()

  constructor(body: HclObject, given: { name: string; file: string; findings: Finding[]; place?: HclPlace }) {
    this.name = given.name
    this.#file = given.file
    this.#findings = given.findings
    this.#items = body.items.filter(({ value }) => value.kind !== 'null')
    this.place = { file: given.file, ...(given.place ?? body.place) }
  }

  has(key: string): boolean {
    this.#known.add(key)
    return this.#items.some(({ keys }) => keys[0]!.text === key)
  }

  /** Text, or a number or boolean as text. */
  text(key: string): string | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    if (value.kind === 'string') return value.value
    if (value.kind === 'number') return value.text
    if (value.kind === 'boolean') return String(value.value)
    return this.#wrong(key, 'text')
  }

  boolean(key: string): boolean | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    return readBoolean(value) ?? this.#wrong(key, 'true or false')
  }

  whole(key: string): number | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    return readWhole(value) ?? this.#wrong(key, 'a whole number')
  }

  number(key: string): number | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    const number =
      value.kind === 'number' ? value.value : value.kind === 'string' ? Number(value.value) : Number.NaN
    return Number.isFinite(number) ? number : this.#wrong(key, 'a number')
  }

  /** Milliseconds; a number without a unit counts seconds. */
  duration(key: string): number | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    return durationMs(value) ?? this.#wrong(key, 'a duration such as 30s or 5m')
  }

  /** An octal file mode as our configuration has it. */
  mode(key: string): string | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    const mode = fileMode(value)
    if (mode !== undefined) return mode
    const isDecimal = value.kind === 'number' && /^[1-7][0-7]{2}$/.test(value.text)
    return this.#wrong(
      key,
      isDecimal
        ? `0${value.text}: without the 0 before it, ${value.text} is decimal, and another mode`
        : 'a file mode such as 0640',
    )
  }

  /** A list of texts, or one. */
  texts(key: string): readonly string[] | undefined {
    const value = this.#value(key)
    if (value === undefined) return undefined
    const values = value.kind === 'list' ? value.values : [value]
    const texts = values.flatMap(each => (each.kind === 'string' ? [each.value] : []))
    return texts.length === values.length ? texts : this.#wrong(key, 'a list of texts')
  }

  /** All blocks of a name, with their label if they have one: `listener "tcp" { … }`, or `[{"tcp": {…}}]`. */
  blocks(key: string): Array<{ readonly label: string | undefined; readonly section: Section }> {
    this.#known.add(key)
    return this.#items
      .filter(({ keys }) => keys[0]!.text === key)
      .flatMap(({ keys, value }) =>
        this.#blocksIn(
          key,
          keys.slice(1).map(({ text }) => text),
          value,
          keys[0]!.place,
        ),
      )
  }

  /** The one block of a name; a second one is an error. */
  block(key: string): Section | undefined {
    const [first, second] = this.blocks(key)
    if (second !== undefined)
      this.tell('error', second.section.place, key, 'is there a second time', 'keep one of them')
    return first?.section
  }

  /** The block of a name that may be there again: the last one counts. */
  lastBlock(key: string): Section | undefined {
    const blocks = this.blocks(key)
    const last = blocks.at(-1)
    if (blocks.length > 1)
      this.tell('warning', last!.section.place, key, 'is there a second time; this one counts')
    return last?.section
  }

  isBlock(key: string): boolean {
    const kind = this.#value(key)?.kind
    return kind === 'object' || kind === 'list'
  }

  /** What a block that is not there reads as: no options at all. */
  nothing(key: string): Section {
    const { line, column } = this.place
    const body: HclObject = { kind: 'object', items: [], place: { line, column } }
    return new Section(body, { name: `${this.name}.${key}`, file: this.#file, findings: this.#findings })
  }

  placeOf(key: string): Place {
    const item = this.#items.findLast(({ keys }) => keys[0]!.text === key)
    return item === undefined ? this.place : { file: this.#file, ...item.keys[0]!.place }
  }

  /** This option is not honoured, and the configuration would mean something else without it. */
  refuse(key: string, message: string, hint?: string): void {
    if (this.has(key)) this.tell('error', this.placeOf(key), key, message, hint)
  }

  /** This option is not honoured, and nobody misses it. */
  passOver(key: string, message: string, hint?: string): void {
    if (this.has(key)) this.tell('warning', this.placeOf(key), key, message, hint)
  }

  /** Something about an option, at the option's place; about the block itself for ''. */
  say(level: Finding['level'], key: string, message: string, hint?: string): void {
    this.tell(level, key === '' ? this.place : this.placeOf(key), key, message, hint)
  }

  tell(level: Finding['level'], place: Place, key: string, message: string, hint?: string): void {
    const subject = [this.name, key].filter(part => part !== '').join('.')
    this.#findings.push({ level, place, subject, message, ...(hint !== undefined && { hint }) })
  }

  /** Tells of every option that nobody has asked for. Vault runs without a word about them, so this is no error. */
  end(): void {
    for (const { keys } of this.#items) {
      const { text, place } = keys[0]!
      if (this.#known.has(text)) continue
      const near = nearest(
        text,
        [...this.#known].filter(each => !this.#unknown.has(each)),
      )
      this.#known.add(text)
      this.#unknown.add(text)
      const hint = near === undefined ? undefined : `did you mean "${near}"?`
      this.tell(
        'warning',
        { file: this.#file, ...place },
        text,
        'is no option of Vault Agent, and has no effect',
        hint,
      )
    }
  }

  #blocksIn(
    key: string,
    labels: readonly string[],
    value: HclValue,
    place: HclPlace,
  ): Array<{ readonly label: string | undefined; readonly section: Section }> {
    if (value.kind === 'list')
      return value.values.flatMap(each => this.#blocksIn(key, labels, each, each.place))
    if (value.kind !== 'object') {
      this.tell('error', { file: this.#file, ...value.place }, key, 'expected a block')
      return []
    }
    const [only] = value.items
    const isLabel =
      labels.length === 0 &&
      value.items.length === 1 &&
      LABELLED.has(key) &&
      isBlock(only!) &&
      only!.keys[0]!.text !== 'config'
    if (isLabel) {
      const further = only!.keys.map(({ text }) => text)
      return this.#blocksIn(key, further, only!.value, only!.keys[0]!.place)
    }
    const name = [this.name, key].filter(part => part !== '').join('.')
    const section = new Section(value, { name, file: this.#file, findings: this.#findings, place })
    return [{ label: labels[0], section }]
  }

  #value(key: string): HclValue | undefined {
    this.#known.add(key)
    return this.#items.findLast(({ keys }) => keys[0]!.text === key)?.value
  }

  #wrong(key: string, expected: string): undefined {
    this.tell('error', this.placeOf(key), key, `expected ${expected}`)
    return undefined
  }
}

/** Blocks whose kind or name is a label; in the JSON form it is the only key of the object. */
const LABELLED = new Set(['listener', 'method', 'sink', 'env_template', 'persist'])

function isBlock({ keys, value }: HclItem): boolean {
  return (
    keys.length === 1 &&
    (value.kind === 'object' || (value.kind === 'list' && value.values.every(each => each.kind === 'object')))
  )
}

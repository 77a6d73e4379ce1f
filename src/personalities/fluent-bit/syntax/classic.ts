import type { Place, Property } from './document.ts'

/** What one file in the classic format says, in its order. */
export type ClassicEntry =
  | {
      readonly kind: 'section'
      readonly name: string
      readonly place: Place
      readonly properties: Property[]
    }
  | { readonly kind: 'include'; readonly path: string; readonly place: Place }
  | { readonly kind: 'set'; readonly name: string; readonly value: string; readonly place: Place }

export interface ClassicText {
  readonly entries: readonly ClassicEntry[]
  readonly problems: readonly { readonly place: Place; readonly message: string; readonly hint?: string }[]
}

/**
 * The classic format: `[SECTION]` at the first column, below it `Key Value` with one indentation for the whole file, a
 * `[GROUP]` at that indentation with its keys at twice of it, `@INCLUDE PATH` and `@SET NAME=VALUE` at the first column,
 * and `#` before whole lines. Never throws; what cannot be read is a problem with its place.
 */
export function readClassic(file: string, text: string): ClassicText {
  const reading = new Reading(file)
  for (const [index, line] of text.split('\n').entries())
    reading.take(line.endsWith('\r') ? line.slice(0, -1) : line, index + 1)
  return reading
}

const INDENTATION = /^[ \t]*/

class Reading implements ClassicText {
  readonly entries: ClassicEntry[] = []
  readonly problems: { place: Place; message: string; hint?: string }[] = []
  readonly #file: string
  #indentation: string | undefined
  #section: Extract<ClassicEntry, { kind: 'section' }> | undefined
  /** The name of the group that lines at twice the indentation belong to. */
  #group: string | undefined

  constructor(file: string) {
    this.#file = file
  }

  take(line: string, number: number): void {
    const place = (column: number): Place => ({ file: this.#file, line: number, column })
    const indentation = INDENTATION.exec(line)![0]
    const content = line.slice(indentation.length).trimEnd()
    if (content === '' || content.startsWith('#')) return
    if (indentation === '') this.#takeFirstColumn(content, place)
    else if (this.#fits(indentation, place(1))) this.#takeIndented(indentation, content, place)
  }

  #takeFirstColumn(content: string, place: (column: number) => Place): void {
    if (content.startsWith('[')) {
      this.#beginSection(content, place(1))
      return
    }
    if (content.startsWith('@')) {
      this.#takeCommand(content, place)
      return
    }
    this.#fault(
      place(1),
      `"${firstWord(content)}" stands at the first column`,
      'indent keys below their [SECTION]',
    )
  }

  #beginSection(content: string, place: Place): void {
    this.#group = undefined
    const end = content.indexOf(']')
    if (end <= 1) {
      this.#section = undefined
      this.#fault(place, 'expected a section such as [INPUT]', 'close the bracket')
      return
    }
    this.#section = {
      kind: 'section',
      name: content.slice(1, end).trim().toLowerCase(),
      place,
      properties: [],
    }
    this.entries.push(this.#section)
  }

  #takeCommand(content: string, place: (column: number) => Place): void {
    const [, command, rest] = /^@(\S*)\s*(.*)$/.exec(content)!
    const at = place(content.length - rest.length + 1)
    const name = command.toLowerCase()
    const set = /^([^=]+)=(.*)$/.exec(rest)
    if (name === 'include' && rest !== '') this.entries.push({ kind: 'include', path: rest, place: at })
    else if (name === 'set' && set)
      this.entries.push({ kind: 'set', name: set[1].trim(), value: set[2].trim(), place: at })
    else if (name === 'include') this.#fault(place(1), '@INCLUDE names no file')
    else if (name === 'set') this.#fault(place(1), 'expected @SET NAME=VALUE')
    else this.#fault(place(1), `unknown command @${command}`, 'there are @INCLUDE and @SET')
  }

  #fits(indentation: string, place: Place): boolean {
    this.#indentation ??= indentation
    const own = this.#indentation
    if (indentation === own) this.#group = undefined
    else if (
      indentation === own + own ||
      (indentation.length === 2 * own.length && this.#group !== undefined)
    ) {
      if (this.#group !== undefined) return true
      this.#fault(
        place,
        'the line is indented more than the keys before it',
        'indent all keys of a file alike',
      )
      return false
    } else {
      const mixed = new Set(indentation + own).size > 1
      const message = mixed
        ? 'tabs and spaces are mixed in the indentation'
        : `the line is indented ${indentation.length > own.length ? 'more' : 'less'} than the keys before it`
      this.#fault(place, message, 'indent all keys of a file alike')
      return false
    }
    return true
  }

  #takeIndented(indentation: string, content: string, place: (column: number) => Place): void {
    const column = indentation.length + 1
    if (this.#section === undefined) {
      this.#fault(
        place(column),
        `"${firstWord(content)}" stands in no section`,
        'put [SERVICE], [INPUT] … above it',
      )
      return
    }
    if (content.startsWith('[') && this.#group === undefined) {
      const name = /^\[([^\]]+)\]$/.exec(content)?.[1].trim()
      if (name === undefined)
        this.#fault(place(column), 'expected a group such as [GROUP]', 'close the bracket')
      else this.#group = name
      return
    }
    const [, key, gap, value] = /^(\S+)(\s*)(.*)$/.exec(content)!
    if (value === '') {
      this.#fault(place(column), `"${key}" has no value`, 'write the value behind the key, after a blank')
      return
    }
    this.#section.properties.push({
      key: this.#group === undefined ? key : `${this.#group}.${key}`,
      value,
      keyPlace: place(column),
      place: place(column + key.length + gap.length),
    })
  }

  #fault(place: Place, message: string, hint?: string): void {
    this.problems.push({ place, message, ...(hint !== undefined && { hint }) })
  }
}

function firstWord(content: string): string {
  return /^\S+/.exec(content)![0]
}

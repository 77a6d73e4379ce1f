import { nearest } from '../../../kernel/config/suggest.ts'
import type { Finding, Item, Mapping, Place, Property, Section } from '../syntax/document.ts'
import { isList, isMapping, isText } from '../syntax/document.ts'
import { readBoolean, readCommaList, readSize, readTime } from '../values/scalars.ts'
import type { Option, Options } from './option.ts'

/** One text with its place. */
export interface Written {
  readonly text: string
  readonly place: Place
}

/**
 * The properties of one section, read by the closed table of its options. Made, it tells of every key that the table
 * does not have and of everything that is lost; a value that cannot be read is told when it is asked for, and counts
 * as not given.
 */
export class Settings {
  readonly place: Place
  /** What messages call it: `input tail.0`. */
  readonly title: string
  readonly #options: Options
  readonly #findings: Finding[]
  readonly #given = new Map<string, Property[]>()

  constructor(
    section: Section,
    title: string,
    options: Options,
    findings: Finding[],
    besides: readonly string[] = ['name'],
  ) {
    this.place = section.place
    this.title = title
    this.#options = options
    this.#findings = findings
    for (const property of flattened(section, options)) {
      const key = property.key.toLowerCase()
      if (besides.includes(key)) continue
      const option = optionOf(options, key)
      if (option === undefined) this.#unknown(property, Object.keys(options))
      else this.#given.set(key, [...(this.#given.get(key) ?? []), ...occurrences(property, option)])
      if (option?.lost !== undefined && !isOff(property))
        this.lose(property.place, key, `is not supported: it would have set ${option.lost}`)
    }
    for (const [key, properties] of this.#given) this.#checkRepetition(key, properties)
  }

  has(key: string): boolean {
    return this.#given.has(key)
  }

  placeOf(key: string): Place {
    return this.#given.get(key)?.[0].place ?? this.place
  }

  /** In the order of the file: all keys of these names with each of their texts. */
  ordered(keys: readonly string[]): (Written & { readonly key: string })[] {
    const all = keys.flatMap(key => this.written(key).map(each => ({ ...each, key })))
    return all.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column)
  }

  /** Keys of `prefix` and anything. */
  prefixed(prefix: string): (Written & { readonly key: string })[] {
    return this.ordered([...this.#given.keys()].filter(key => key.startsWith(prefix)))
  }

  written(key: string): Written[] {
    return (this.#given.get(key) ?? []).flatMap(({ value, place }) =>
      isText(value) ? [{ text: value.trim(), place }] : [],
    )
  }

  text(key: string): string | undefined {
    return this.written(key).at(-1)?.text
  }

  boolean(key: string): boolean | undefined {
    return this.#read(key, readBoolean, 'on or off')
  }

  size(key: string): number | undefined {
    return this.#read(key, readSize, 'a size such as 32k or 5MB')
  }

  time(key: string): number | undefined {
    return this.#read(key, readTime, 'a time such as 5s or 1m')
  }

  integer(key: string): number | undefined {
    return this.#read(key, text => (/^[-+]?\d+$/.test(text) ? Number(text) : undefined), 'a whole number')
  }

  number(key: string): number | undefined {
    return this.#read(
      key,
      text => (text !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined),
      'a number',
    )
  }

  /** Separated by commas, or given several times. */
  list(key: string): string[] {
    return this.written(key).flatMap(({ text }) => readCommaList(text))
  }

  choice<C extends string>(key: string, choices: readonly C[]): C | undefined {
    return this.#read(
      key,
      text => choices.find(choice => choice === text.toLowerCase()),
      `one of ${choices.join(', ')}`,
      text => nearest(text, choices),
    )
  }

  structure(key: string): Item | undefined {
    return this.#given.get(key)?.at(-1)
  }

  /** An error: the configuration does not run. */
  fail(place: Place, key: string, message: string, hint?: string): void {
    this.#findings.push({
      level: 'error',
      place,
      subject: key === '' ? this.title : `${this.title}: ${key}`,
      message,
      ...(hint !== undefined && { hint }),
    })
  }

  /** A warning: it runs, and something is different. */
  lose(place: Place, key: string, message: string, hint?: string): void {
    this.#findings.push({
      level: 'warning',
      place,
      subject: key === '' ? this.title : `${this.title}: ${key}`,
      message,
      ...(hint !== undefined && { hint }),
    })
  }

  #read<T>(
    key: string,
    read: (text: string) => T | undefined,
    expected: string,
    near?: (text: string) => string | undefined,
  ): T | undefined {
    const last = this.written(key).at(-1)
    if (last === undefined) return undefined
    const value = read(last.text)
    if (value !== undefined) return value
    const meant = near?.(last.text)
    this.fail(
      last.place,
      key,
      `expected ${expected}, got "${last.text}"`,
      meant && `did you mean "${meant}"?`,
    )
    return undefined
  }

  #unknown({ key, keyPlace }: Property, known: readonly string[]): void {
    const near = nearest(key, known)
    this.fail(
      keyPlace,
      key,
      `unknown configuration property '${key.toLowerCase()}'${near === undefined ? '' : `; did you mean "${near}"?`}`,
    )
  }

  #checkRepetition(key: string, properties: readonly Property[]): void {
    const option = optionOf(this.#options, key)!
    const isList = option.type === 'list' || option.type === 'words'
    if (properties.length < 2 || option.repeated || isList || option.needless !== undefined) return
    this.fail(properties[1].place, key, 'is given twice', 'keep one of them')
  }
}

/** A key that ends in `*` stands for all that begin so. */
function optionOf(options: Options, key: string): Option | undefined {
  if (Object.hasOwn(options, key)) return options[key]
  const prefix = Object.keys(options).find(each => each.endsWith('*') && key.startsWith(each.slice(0, -1)))
  return prefix === undefined ? undefined : options[prefix]
}

/** A mapping in a mapping is the same as keys with dots, unless the option is a structure. */
function flattened(section: Mapping, options: Options, prefix = ''): Property[] {
  return section.properties.flatMap(property => {
    const key = prefix + property.key
    const { value } = property
    if (!isMapping(value) || optionOf(options, key.toLowerCase())?.type === 'structure')
      return [{ ...property, key }]
    return flattened(value, options, `${key}.`)
  })
}

/** Each item of a list counts as one more property. */
function occurrences(property: Property, option: Option): Property[] {
  if (!isList(property.value) || option.type === 'structure') return [property]
  return property.value.map(item => ({ ...property, ...item }))
}

function isOff({ value }: Property): boolean {
  return isText(value) && ['off', 'false', 'no', '0', ''].includes(value.trim().toLowerCase())
}

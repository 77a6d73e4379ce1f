import type { Place } from '../../finding.ts'

export type { Finding, Place } from '../../finding.ts'

/** A value as it was written: text, a list, or an ordered mapping (YAML only). */
export type Value = string | readonly Item[] | Mapping

/** One item of a list. */
export interface Item {
  readonly value: Value
  readonly place: Place
}

export interface Mapping {
  readonly properties: readonly Property[]
}

/** One `key value`. Keys keep their letters; they are compared in lower case. */
export interface Property extends Item {
  readonly key: string
  readonly keyPlace: Place
}

/** A plugin, a parser or another section: its properties in the order of the file, repeated keys included. */
export interface Section {
  readonly place: Place
  readonly properties: readonly Property[]
}

/** What both formats come to: the files of a configuration with all that they include, in order. */
export interface ConfigurationDocument {
  readonly service: Section
  readonly inputs: readonly Section[]
  readonly filters: readonly Section[]
  readonly outputs: readonly Section[]
  readonly customs: readonly Section[]
  readonly parsers: readonly Section[]
  readonly multilineParsers: readonly Section[]
  readonly upstreams: readonly Section[]
  readonly streamTasks: readonly Section[]
  readonly plugins: readonly Item[]
}

/** The files that a configuration may name. Paths are absolute. */
export interface ConfigurationFiles {
  /** The text of a file; undefined when it cannot be read. */
  read(path: string): string | undefined
  /** The files that match, sorted. */
  glob(pattern: string): readonly string[]
}

export function isText(value: Value): value is string {
  return typeof value === 'string'
}

export function isList(value: Value): value is readonly Item[] {
  return Array.isArray(value)
}

export function isMapping(value: Value): value is Mapping {
  return !isText(value) && !isList(value)
}

/** The last property of that name. */
export function propertyOf({ properties }: Mapping, key: string): Property | undefined {
  return properties.findLast(property => property.key.toLowerCase() === key)
}

/** The text of a property, trimmed; undefined when it is missing, empty or no text. */
export function textOf(section: Mapping, key: string): string | undefined {
  const value = propertyOf(section, key)?.value
  return value !== undefined && isText(value) && value.trim() !== '' ? value.trim() : undefined
}

/** Where something stands: line and column count from 1, columns in UTF-16 units. */
export interface HclPlace {
  readonly line: number
  readonly column: number
}

/**
 * A configuration in HCL 1 or in its JSON form: both give the same tree. A block `listener "tcp" { … }` is an item with
 * two keys and an object; `address = "…"` is one with a key and a value.
 */
export interface HclItem {
  /** At least one; the further ones are the labels of a block. */
  readonly keys: readonly HclKey[]
  readonly value: HclValue
}

export interface HclKey {
  readonly text: string
  readonly place: HclPlace
}

export type HclValue = HclLiteral | HclObject | HclList

export interface HclObject {
  readonly kind: 'object'
  readonly items: readonly HclItem[]
  readonly place: HclPlace
}

export interface HclList {
  readonly kind: 'list'
  readonly values: readonly HclValue[]
  readonly place: HclPlace
}

export type HclLiteral =
  | { readonly kind: 'string'; readonly value: string; readonly place: HclPlace }
  /** `text` as it was written: `0644` is octal, and 420. */
  | { readonly kind: 'number'; readonly value: number; readonly text: string; readonly place: HclPlace }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly place: HclPlace }
  /** Of the JSON form only. */
  | { readonly kind: 'null'; readonly place: HclPlace }

/** The text is no HCL; nothing of the text but what stands at the place is in the message. */
export class HclError extends Error {
  readonly place: HclPlace
  /** How to mend it. */
  readonly hint: string | undefined

  constructor(place: HclPlace, message: string, hint?: string) {
    super(message)
    this.name = 'HclError'
    this.place = place
    this.hint = hint
  }
}

/** How deep objects and lists may be nested. */
export const MAX_DEPTH = 100

/** A value as a condition writes it. */
export type Scalar = string | number | boolean | null

/**
 * A condition on one record, as parsed from text such as
 * `status >= 500 and not (path matches "^/health" or level in ["debug", "trace"])`.
 *
 * A `field` is a path into the record from its top: `http.status` is `['http', 'status']`.
 * A test on a field that the record does not have is false, whatever the operator.
 */
export type Condition =
  | { readonly kind: 'compare'; readonly field: FieldPath; readonly op: CompareOp; readonly value: Scalar }
  /** `pattern` is the source of a regular expression, already known to compile. */
  | { readonly kind: 'matches'; readonly field: FieldPath; readonly pattern: string }
  /** The field's text has `text` somewhere in it. */
  | { readonly kind: 'contains'; readonly field: FieldPath; readonly text: string }
  | { readonly kind: 'in'; readonly field: FieldPath; readonly values: readonly Scalar[] }
  /** The field is there; null counts as there. */
  | { readonly kind: 'exists'; readonly field: FieldPath }
  /** Some name at the top of the record fits the pattern. */
  | { readonly kind: 'any'; readonly pattern: string; readonly values?: string }
  /** The texts of all fields at the top whose names fit `names` fit `values`; also when there are none. */
  | { readonly kind: 'all'; readonly names: string; readonly values: string }
  /** At least two items. */
  | { readonly kind: 'and' | 'or'; readonly items: readonly Condition[] }
  | { readonly kind: 'not'; readonly item: Condition }

export type FieldPath = readonly string[]

export type CompareOp = '==' | '!=' | '<' | '<=' | '>' | '>='

import type { CompareOp, Condition, FieldPath, Scalar } from '../../condition/ast.ts'

/** An SQL expression that is 1 or 0, never NULL, and what its question marks stand for. */
export interface Sql {
  readonly text: string
  readonly values: readonly (string | number)[]
}

/** The SQL function that the reader registers for `matches`: (text, pattern) -> 0 or 1. */
export const MATCHES = 'outrigger_matches'

const OPERATORS: Record<CompareOp, string> = {
  '==': '=',
  '!=': '=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}

/** The condition on the column `record`, with the meaning that the pipeline's own predicate gives it. */
export function conditionSql(condition: Condition): Sql {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return joined(condition.items.map(conditionSql), condition.kind === 'and' ? ' AND ' : ' OR ')
    case 'not': {
      const { text, values } = conditionSql(condition.item)
      return { text: `NOT ${text}`, values }
    }
    case 'exists':
      return { text: '(json_type(record, ?) IS NOT NULL)', values: [jsonPath(condition.field)] }
    case 'in': {
      const items = condition.values.map(value => compare(condition.field, '==', value))
      return items.length === 0 ? { text: '0', values: [] } : joined(items, ' OR ')
    }
    case 'compare':
      return compare(condition.field, condition.op, condition.value)
    case 'contains': {
      const { text, values } = fieldText(condition.field)
      return { text: `ifnull(instr(${text}, ?) > 0, 0)`, values: [...values, condition.text] }
    }
    case 'matches': {
      const { text, values } = fieldText(condition.field)
      return { text: `${MATCHES}(${text}, ?)`, values: [...values, condition.pattern] }
    }
  }
}

/** Values of different types are never equal and have no order. */
function compare(field: FieldPath, op: CompareOp, value: Scalar): Sql {
  const path = jsonPath(field)
  const same = comparison(path, op, value)
  if (op !== '!=') return same
  return { text: `(json_type(record, ?) IS NOT NULL AND NOT ${same.text})`, values: [path, ...same.values] }
}

function comparison(path: string, op: CompareOp, value: Scalar): Sql {
  const operator = OPERATORS[op]
  if (typeof value === 'number') {
    const type = `json_type(record, ?) IN ('integer', 'real')`
    const test = `CAST(json_extract(record, ?) AS REAL) ${operator} ?`
    return { text: `ifnull(${type} AND ${test}, 0)`, values: [path, path, value] }
  }
  if (typeof value === 'string') {
    const test = `json_type(record, ?) = 'text' AND json_extract(record, ?) ${operator} ?`
    return { text: `ifnull(${test}, 0)`, values: [path, path, value] }
  }
  if (operator !== '=') return { text: '0', values: [] }
  return { text: 'ifnull(json_type(record, ?) = ?, 0)', values: [path, String(value)] }
}

/** A string as it is, anything else as JSON writes it; NULL when the field is not there. */
function fieldText(field: FieldPath): Sql {
  const path = jsonPath(field)
  return {
    text: `CASE json_type(record, ?) WHEN 'text' THEN json_extract(record, ?) ELSE record -> ? END`,
    values: [path, path, path],
  }
}

function jsonPath(field: FieldPath): string {
  return `$${field.map(name => `.${JSON.stringify(name)}`).join('')}`
}

function joined(items: readonly Sql[], by: string): Sql {
  return { text: `(${items.map(item => item.text).join(by)})`, values: items.flatMap(item => item.values) }
}

import { type LosslessJson, parseLossless } from '../../../wire/json/lossless.ts'
import { ApiRefusal, errors, type Fields } from './answer.ts'

/** The fields of a body. Vault takes JSON whatever its type says, and forms where they are no JSON. */
export function parseBody(text: string, contentType: string): Fields {
  const trimmed = text.trim()
  if (trimmed === '') return new Map()
  if (contentType === 'application/x-www-form-urlencoded' && !/^[[{]/.test(trimmed))
    return new Map(new URLSearchParams(trimmed))
  const value = parsed(trimmed)
  if (value instanceof Map) return value
  const what = Array.isArray(value)
    ? 'array'
    : value === null
      ? 'null'
      : typeof value === 'object'
        ? 'number'
        : typeof value
  throw new ApiRefusal(
    errors(
      400,
      `failed to decode JSON input: json: cannot unmarshal ${what} into Go value of type map[string]interface {}`,
    ),
  )
}

function parsed(text: string): LosslessJson {
  try {
    return parseLossless(text)
  } catch (error) {
    throw new ApiRefusal(errors(400, `failed to parse JSON input: ${(error as Error).message}`))
  }
}

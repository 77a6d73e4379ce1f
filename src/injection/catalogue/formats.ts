import { parseQuantity } from '../../manifests/quantity.ts'

/** What `format` of a parameter may name: the values of JSON Schema's keyword that we check. */
export interface Format {
  /** What a message says was expected. */
  readonly expected: string
  /** As a regular expression, where one says it all. */
  readonly pattern?: RegExp
  readonly fits: (text: string) => boolean
  /** For comparison, by `atMost`. */
  readonly size?: (text: string) => number | undefined
}

const DURATION = /^(?=\d)(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/
const SIZE = /^\d{1,12}(?:B|KiB|MiB|GiB|KB|MB|GB)$/
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const HOST = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*\.?$/
const HOST_PORT = /^(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}):\d{1,5}$/
const URL_SHAPE =
  /^[a-z][a-z0-9+.-]{0,20}:\/\/(?:\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9_][A-Za-z0-9_.-]{0,252})(?::\d{1,5})?(?:\/[A-Za-z0-9._~:/@!&'*+,;=%-]{0,2000})?$/
const PATH = /^\/[A-Za-z0-9._@+=/-]*$/
const CIDR = /^(?:\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}|[0-9a-fA-F:]{2,45}\/\d{1,3})$/
const CLOCK: readonly number[] = [3_600_000, 60_000, 1000, 1]

function shaped(expected: string, pattern: RegExp): Format {
  return { expected, pattern, fits: text => pattern.test(text) }
}

/** None of them lets white space, quotes, `$` or control characters through. */
export const FORMATS: Readonly<Record<string, Format>> = {
  quantity: {
    expected: 'a quantity of Kubernetes such as 250m or 64Mi',
    fits: text => (parseQuantity(text) ?? -1) >= 0,
    size: parseQuantity,
  },
  duration: {
    ...shaped('a duration such as 500ms, 5s or 1h30m', DURATION),
    size: text => {
      const parts = DURATION.exec(text)
      return parts?.slice(1).reduce((sum, part, i) => sum + Number(part ?? 0) * CLOCK[i], 0)
    },
  },
  size: shaped('a size such as 64KiB, 5MiB or 10MB', SIZE),
  label: shaped('a name of lower-case letters, digits and dashes, at most 63', LABEL),
  host: shaped('the name or address of a host', HOST),
  'host-port': shaped('an address such as db:5432', HOST_PORT),
  url: shaped('a URL such as https://host:9200, without user, password and query', URL_SHAPE),
  path: {
    expected: 'an absolute path, without "..", spaces or a slash at its end',
    pattern: PATH,
    fits: text => text.length <= 1024 && PATH.test(text) && !/\/\/|\/\.\.?(\/|$)|\/$/.test(text),
  },
  cidr: shaped('a block of addresses such as 10.0.0.0/8', CIDR),
}

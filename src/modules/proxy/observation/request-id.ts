import { s } from '../../../kernel/config/schema.ts'
import type { HeaderList } from '../../../wire/http1/headers.ts'

/** `proxy.requestId` */
export const requestId = s.choice(['generate', 'replace', 'keep'], {
  about:
    'X-Request-Id, by which a request is found in the logs of all who took part. generate: one that has none gets one (a random UUID). replace: each gets a new one. keep: nothing is touched. Unless given: generate where an access log or tracing is configured, else keep.',
  optional: true,
})

export type RequestIdMode = 'generate' | 'replace' | 'keep'

/** The id of a request; undefined: it has none, and gets none. */
export function requestIdOf(headers: HeaderList, mode: RequestIdMode): string | undefined {
  const given = mode === 'replace' ? undefined : headers.get('x-request-id')
  if (given !== undefined || mode === 'keep') return given
  randomUUID ??= process.getBuiltinModule('node:crypto').randomUUID
  return randomUUID()
}

/** Loaded with the first id: the module takes a twentieth of the start. */
let randomUUID: (() => string) | undefined

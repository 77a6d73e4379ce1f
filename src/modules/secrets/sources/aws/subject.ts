import { type SecretRequest, SourceFailure } from '../source.ts'

/** What a request asks for: a path, and what stands behind its question mark. Throws a SourceFailure for other questions. */
export function askedFor<const N extends string>(
  { path: text, write }: SecretRequest,
  names: readonly N[],
): { readonly path: string; readonly query: Readonly<Partial<Record<N, string>>> } {
  const [path = '', rest] = text.split(/\?(.*)/s)
  if (write !== undefined) throw new SourceFailure('invalid', `${path}: a template cannot write to AWS`)
  const query = [...new URLSearchParams(rest ?? '')]
  const unknown = query.find(([name]) => !names.includes(name as N))
  if (unknown !== undefined)
    throw new SourceFailure(
      'invalid',
      `${path}: "${unknown[0]}" is no question to this source; there is ${names.join(', ')}`,
    )
  return { path, query: Object.fromEntries(query) as Partial<Record<N, string>> }
}

import { type SecretRequest, SourceFailure } from './source.ts'

/** The path of a request to a source that can only read, and keeps one version. Throws a SourceFailure. */
export function plainPath({ path, version, write }: SecretRequest, source: string): string {
  if (write !== undefined)
    throw new SourceFailure('invalid', `${path}: nothing can be written to the source ${source}`)
  if (version !== undefined)
    throw new SourceFailure('invalid', `${path}: the source ${source} keeps no versions to choose from`)
  return path
}

import { promisify } from 'node:util'
import { inTurns } from '../../../kernel/long-work.ts'
import { snappyInSteps } from '../../../wire/snappy/compress.ts'
import type { compressions } from './http-options.ts'
import type { OutputHost } from './output.ts'

export type Compression = (typeof compressions)[number]

/**
 * A body made smaller, for the `content-encoding` of the same name; the body itself for `none`. gzip and zstd at their
 * fast levels, which log lines lose little by, in the thread pool; snappy (its block format) in turns of the loop.
 */
export async function compress(
  body: Buffer,
  how: Compression,
  { slice }: Pick<OutputHost, 'slice'>,
): Promise<Buffer> {
  if (how === 'none') return body
  if (how === 'snappy') return await inTurns(snappyInSteps(body), slice)
  const zlib = process.getBuiltinModule('node:zlib')
  if (how === 'gzip') return await promisify(gzip)(zlib, body)
  return await promisify(zstd)(zlib, body)
}

type Zlib = typeof import('node:zlib')
type Done = (error: Error | null, compressed: Buffer) => void

function gzip(zlib: Zlib, body: Buffer, done: Done): void {
  zlib.gzip(body, { level: zlib.constants.Z_BEST_SPEED }, done)
}

function zstd(zlib: Zlib, body: Buffer, done: Done): void {
  zlib.zstdCompress(body, { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } }, done)
}

import type { Transform } from 'node:stream'
import type { BodyBuffer } from './body.ts'
import { Refused } from './refusal.ts'

/** RFC 9659: an encoder of the content coding zstd keeps to windows of 8 MiB; larger ones are refused. */
const ZSTD_WINDOW_LOG = 23

const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'zstd'])

/**
 * What the Content-Encoding (or gRPC’s message encoding) says has been done to a body: one coding at most, undefined for
 * none. Throws Refused for others.
 */
export function codingOf(header: string | undefined): string | undefined {
  const coding = (header ?? '').trim().toLowerCase()
  if (coding === '' || coding === 'identity') return undefined
  if (CODINGS.has(coding)) return coding
  throw new Refused(
    'encoding',
    415,
    `expected gzip, deflate, zstd or no content coding, got ${JSON.stringify(coding.slice(0, 40))}`,
    {
      headers: { 'Accept-Encoding': 'gzip, deflate, zstd' },
    },
  )
}

/** Appends the body as it was to `to`, which limits it. Throws Refused when it is not what the coding says, or larger than it may be. */
export async function decompress(body: Buffer, coding: string, to: BodyBuffer): Promise<void> {
  // Nothing at all is what some senders make of an empty body.
  if (body.length === 0) return
  const stream = open(coding, body)
  try {
    stream.end(body)
    for await (const chunk of stream as AsyncIterable<Buffer>) to.append(chunk)
  } catch (error) {
    if (error instanceof Refused) throw error
    throw new Refused('malformed', 400, `the body is not ${coding}: ${(error as Error).message}`)
  } finally {
    stream.destroy()
  }
}

function open(coding: string, body: Buffer): Transform {
  const zlib = process.getBuiltinModule('node:zlib')
  switch (coding) {
    case 'deflate':
      // RFC 9110 section 8.4.1.2 means zlib's format, and knows that some senders leave its frame out.
      return (body[0] & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw()
    case 'zstd':
      return zlib.createZstdDecompress({
        params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      })
    default:
      return zlib.createGunzip()
  }
}

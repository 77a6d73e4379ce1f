import { HeaderList } from '../../../wire/http1/headers.ts'
import { type EncodedSlashes, normalisePath } from '../forward/path.ts'
import type { RequestView } from '../request.ts'

/** A request as people write it. */
export interface RequestLine {
  /** `GET http://checkout/cart?x=1`; without a method it is GET. */
  readonly line: string
  /** `x-team: blue`. */
  readonly headers: readonly string[]
}

/** The request that a line means, normalised as that of a client; or what is wrong with the line. */
export function parseRequestLine(
  { line, headers }: RequestLine,
  slashes: EncodedSlashes = 'decode',
): RequestView | { readonly wrong: string } {
  const parts = /^(?:([A-Za-z]+)\s+)?(\S+)$/.exec(line.trim())
  const url = parts && URL.parse(parts[2]!)
  if (!url || !/^https?:$/.test(url.protocol) || url.hostname === '')
    return { wrong: `expected a request such as 'GET http://checkout/cart', got ${JSON.stringify(line)}` }
  const path = normalisePath(url.pathname, slashes)
  if (path === undefined) return { wrong: `no request may have the path ${JSON.stringify(url.pathname)}` }
  const list = parseHeaders(headers)
  if ('wrong' in list) return list
  const usual = url.protocol === 'https:' ? 443 : 80
  return {
    method: (parts![1] ?? 'GET').toUpperCase(),
    path,
    search: url.search.slice(1),
    host: url.hostname.replace(/\.$/, ''),
    port: url.port === '' ? usual : Number(url.port),
    headers: list,
    peer: { address: '127.0.0.1' },
  }
}

/** Header fields as people write them. */
export function parseHeaders(headers: readonly string[]): HeaderList | { readonly wrong: string } {
  const list = new HeaderList()
  for (const header of headers) {
    const colon = header.indexOf(':')
    if (colon < 1) return { wrong: `expected a header such as 'x-team: blue', got ${JSON.stringify(header)}` }
    list.append(header.slice(0, colon).trim(), header.slice(colon + 1).trim())
  }
  return list
}

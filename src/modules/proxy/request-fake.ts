import { HeaderList } from '../../wire/http1/headers.ts'
import type { RequestView } from './request.ts'

type Wanted = Partial<Omit<RequestView, 'headers' | 'peer'>> & {
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly address?: string
  readonly identity?: string
}

/** GET http://shop/ from 10.0.0.1, unless told otherwise. */
export function request({ headers = {}, address = '10.0.0.1', identity, ...rest }: Wanted = {}): RequestView {
  return {
    ...{ method: 'GET', path: '/', search: '', host: 'shop', port: 80 },
    ...rest,
    headers: HeaderList.from(headers),
    peer: { address, ...(identity !== undefined && { identity }) },
  }
}

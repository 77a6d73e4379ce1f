import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { type EndpointSpec, keyOf } from '../member.ts'

/** One endpoint as configurations, files and feeds write it. */
export const endpointConfig = s.object(
  {
    address: s.address({ about: 'Where it listens.', example: '10.0.0.7:8080' }),
    weight: s.integer({
      about: 'Its share of the traffic, beside the other weights. 0: it takes none.',
      default: 1,
      min: 0,
      max: 65_535,
    }),
    zone: s.string({ about: 'Where it runs, for `preferZone`.', optional: true, example: 'eu-1a' }),
    identity: s.string({
      about:
        'The SPIFFE ID that is to be met there. A sidecar with an identity of its own then connects by mutual TLS and takes nobody else; one without connects as it would otherwise.',
      pattern: /^spiffe:\/\/[a-z0-9._-]+\/[\w./-]+$/,
      expected: 'a SPIFFE ID such as spiffe://example.org/ns/shop/sa/cart',
      optional: true,
      example: 'spiffe://example.org/ns/shop/sa/cart',
    }),
  },
  { about: 'One endpoint.' },
)

export function specOf({ address, weight, zone, identity }: Infer<typeof endpointConfig>): EndpointSpec {
  const place = 'path' in address ? { host: '', port: 0, socketPath: address.path } : address
  return {
    ...place,
    weight,
    ...(zone !== undefined && { zone }),
    ...(identity !== undefined && { identity }),
  }
}

export type Listed =
  | { readonly ok: true; readonly endpoints: readonly EndpointSpec[] }
  | { readonly ok: false; readonly reason: string }

const listSchema = s.list(endpointConfig, { about: 'Endpoints.' })

/** A list from outside: whole or not at all, so that one typing error does not halve a backend. The last of two with one address counts. */
export function readEndpoints(input: unknown): Listed {
  const decoded = listSchema.decode(input)
  if (!decoded.ok) {
    const { path, message } = decoded.problems[0]!
    const more = decoded.problems.length - 1
    const where = path.length === 0 ? '' : `[${path.join('.')}] `
    return { ok: false, reason: `${where}${message}${more > 0 ? ` (and ${more} more)` : ''}` }
  }
  return { ok: true, endpoints: unique(decoded.value.map(specOf)) }
}

export function unique(endpoints: readonly EndpointSpec[]): EndpointSpec[] {
  return [...new Map(endpoints.map(spec => [keyOf(spec), spec])).values()]
}

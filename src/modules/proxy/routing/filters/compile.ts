import { clusterName } from '../references.ts'
import type { Filter, PathChange } from '../route.ts'
import type { FilterConfig, PathConfig } from './config.ts'
import { isFraming } from './framing.ts'

/** A filter as the request's way needs it; one that `checkFilters` has something to say of gives undefined. */
export function compileFilter(config: FilterConfig, routeNamespace: string): Filter | undefined {
  const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, requestMirror, cors } =
    config
  switch (config.type) {
    case 'RequestHeaderModifier':
      return requestHeaderModifier && { kind: 'request_headers', ...changes(requestHeaderModifier) }
    case 'ResponseHeaderModifier':
      return responseHeaderModifier && { kind: 'response_headers', ...changes(responseHeaderModifier) }
    case 'RequestRedirect':
      return requestRedirect && redirect(requestRedirect)
    case 'URLRewrite':
      return urlRewrite && { kind: 'rewrite', ...target(urlRewrite) }
    case 'RequestMirror':
      return requestMirror && mirror(requestMirror, routeNamespace)
    case 'CORS':
      return (
        cors && {
          kind: 'cors',
          origins: cors.allowOrigins,
          methods: cors.allowMethods,
          headers: cors.allowHeaders,
          expose: cors.exposeHeaders,
          credentials: cors.allowCredentials,
          maxAgeSeconds: cors.maxAge,
        }
      )
  }
}

type Config<K extends keyof FilterConfig> = NonNullable<FilterConfig[K]>

/** `checkFilters` refuses what belongs to the framing; should it come here all the same, it has no effect. */
function changes({ set, add, remove }: Config<'requestHeaderModifier'>): Config<'requestHeaderModifier'> {
  const mayChange = ({ name }: { readonly name: string }) => !isFraming(name)
  return {
    set: set.filter(mayChange),
    add: add.filter(mayChange),
    remove: remove.filter(name => !isFraming(name)),
  }
}

function redirect(config: Config<'requestRedirect'>): Filter {
  const { scheme, port, statusCode } = config
  return {
    kind: 'redirect',
    ...(scheme !== undefined && { scheme }),
    ...(port !== undefined && { port }),
    ...target(config),
    status: statusCode as (Filter & { kind: 'redirect' })['status'],
  }
}

function target({ hostname, path }: { readonly hostname?: string; readonly path?: PathConfig }) {
  const change = path && pathChange(path)
  return { ...(hostname !== undefined && { host: hostname }), ...(change && { path: change }) }
}

function pathChange({ type, replaceFullPath, replacePrefixMatch }: PathConfig): PathChange {
  return type === 'ReplaceFullPath'
    ? { kind: 'full', to: replaceFullPath || '/' }
    : { kind: 'prefix', to: replacePrefixMatch ?? '' }
}

function mirror({ backendRef, percent, fraction }: Config<'requestMirror'>, routeNamespace: string): Filter {
  const { numerator, denominator } = fraction ?? { numerator: percent ?? 100, denominator: 100 }
  return { kind: 'mirror', cluster: clusterName(backendRef, routeNamespace), numerator, denominator }
}

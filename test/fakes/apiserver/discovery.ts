import { apiVersionOf, KINDS, type Kind, VERBS } from './kinds.ts'
import type { Tree } from './tree.ts'

const VERSION = { major: '1', minor: '37', gitVersion: 'v1.37.0', platform: 'linux/amd64' }

/** The answers to paths that are no resource's; undefined for an unknown one. */
export function discovered(path: string): Tree | string | undefined {
  const groups = [...new Set(KINDS.map(({ group }) => group))]
  if (path === '/version' || path === '/version/') return VERSION
  if (/^\/(healthz|livez|readyz)$/.test(path)) return 'ok'
  if (path === '/api' || path === '/api/')
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] }
  if (path === '/apis' || path === '/apis/')
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter(Boolean).map(groupOf) }
  const [, group = '', version] = /^\/(?:api|apis\/([^/]+))(?:\/([^/]+))?\/?$/.exec(path) ?? []
  if (version === 'v1' && groups.includes(group)) return resourcesOf(group)
  if (version === undefined && group !== '' && groups.includes(group))
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(group) }
  if (path === '/openapi/v3')
    return {
      paths: Object.fromEntries(
        groups.map(each => [placeOf(each), { serverRelativeURL: `/openapi/v3/${placeOf(each)}` }]),
      ),
    }
  const open = groups.find(each => path === `/openapi/v3/${placeOf(each)}`)
  return open === undefined ? undefined : openApi(open)
}

function placeOf(group: string): string {
  return group === '' ? 'api/v1' : `apis/${group}/v1`
}

function groupOf(name: string): Tree {
  const version = { groupVersion: `${name}/v1`, version: 'v1' }
  return { name, versions: [version], preferredVersion: version }
}

function resourcesOf(group: string): Tree {
  const kinds = KINDS.filter(each => each.group === group)
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: group === '' ? 'v1' : `${group}/v1`,
    resources: kinds.flatMap(kind => [
      resourceOf(kind, kind.resource, kind.review ? ['create'] : VERBS),
      ...kind.subresources.map(each =>
        resourceOf(kind, `${kind.resource}/${each}`, ['get', 'patch', 'update']),
      ),
    ]),
  }
}

function resourceOf(kind: Kind, name: string, verbs: readonly string[]): Tree {
  const { namespaced, shortNames } = kind
  const singularName = name.includes('/') ? '' : kind.kind.toLowerCase()
  return {
    name,
    singularName,
    namespaced,
    kind: kind.kind,
    verbs,
    ...(shortNames.length > 0 && !name.includes('/') && { shortNames }),
  }
}

/** As much of OpenAPI as tells clients which parameters a kind takes; the schemas themselves are open. */
function openApi(group: string): Tree {
  const kinds = KINDS.filter(each => each.group === group)
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map(name => ({
    name,
    in: 'query',
    schema: { type: 'string' },
  }))
  const typeOf = (kind: Kind) => ({ group: kind.group, version: kind.version, kind: kind.kind })
  const paths = kinds.map(kind => {
    const place = `/${placeOf(group)}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.resource}/{name}`
    const operation = {
      parameters,
      responses: { 200: { description: 'OK' } },
      'x-kubernetes-group-version-kind': typeOf(kind),
    }
    return [place, { patch: { ...operation, 'x-kubernetes-action': 'patch' } }]
  })
  const schemas = kinds.map(kind => [
    `${apiVersionOf(kind).replaceAll('/', '.')}.${kind.kind}`,
    {
      type: 'object',
      'x-kubernetes-group-version-kind': [typeOf(kind)],
      'x-kubernetes-preserve-unknown-fields': true,
    },
  ])
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: VERSION.gitVersion },
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  }
}

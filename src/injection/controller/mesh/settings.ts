import type { Entry } from '../../catalogue/entry.ts'
import type { MeshOffer } from './module.ts'

/** What every sidecar of ours is told of the mesh, as parameters of the entries that have such. A pod's own are stronger. */
export function meshSettings(
  { url, trustBundle, trustDomain, audience }: MeshOffer,
  { entries }: { readonly entries: readonly Pick<Entry, 'name' | 'parameters'>[] },
): Record<string, string> {
  const values = {
    'proxy.mesh.url': url,
    'proxy.mesh.root': trustBundle,
    'proxy.mesh.trustDomain': trustDomain,
    'proxy.mesh.audience': audience,
  }
  const settings: Record<string, string> = {}
  for (const { name, parameters } of entries)
    for (const [parameter, value] of Object.entries(values))
      if (Object.hasOwn(parameters, parameter)) settings[`${name}.${parameter}`] = value
  return settings
}

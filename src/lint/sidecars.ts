import type { Catalogue } from '../injection/catalogue/catalogue.ts'
import type { JsonObject } from '../manifests/json.ts'
import { type Duty, KNOWN_SIDECARS } from '../manifests/known-sidecars.ts'
import type { PodContainer } from '../manifests/workload.ts'

export interface Recognised {
  /** Of the catalogue's entry, or of the program that people know. */
  readonly name: string
  readonly does?: Duty
  /** By what it was recognised. */
  readonly by: 'catalogue' | 'image' | 'name'
}

/** Which sidecar a container is, by the catalogue, its image or its name; undefined: none that is known. */
export function recognise(container: JsonObject, catalogue: Catalogue): Recognised | undefined {
  const name = typeof container['name'] === 'string' ? container['name'] : ''
  const image = typeof container['image'] === 'string' ? imageName(container['image']) : ''
  for (const entry of catalogue.entries)
    for (const { container: template } of entry.containers)
      if (template['name'] === name && imageName(String(template['image'] ?? '')) === image)
        return { name: entry.name, by: 'catalogue', ...dutyOf(entry.name) }
  const byImage = KNOWN_SIDECARS.find(({ images }) =>
    images.some(each => image === each || image.endsWith(`/${each}`)),
  )
  if (byImage !== undefined) return { name: byImage.name, does: byImage.does, by: 'image' }
  const byName = KNOWN_SIDECARS.find(({ containers }) => containers.includes(name))
  return byName && { name: byName.name, does: byName.does, by: 'name' }
}

/** Native sidecars, and those containers beside an application that are known as sidecars. */
export function sidecarsAmong(containers: readonly PodContainer[], catalogue: Catalogue): PodContainer[] {
  const beside = containers.filter(({ role }) => role === 'app')
  const known = beside.filter(({ container }) => recognise(container, catalogue) !== undefined)
  // A pod of nothing but an Envoy is an Envoy, not a sidecar without an application.
  const classic = known.length === beside.length ? known.slice(1) : known
  return containers.filter(each => each.role === 'sidecar' || classic.includes(each))
}

/** `docker.io/fluent/fluent-bit:4.0@sha256:…` → `fluent/fluent-bit`: the registry that is meant when none is named goes. */
export function imageName(image: string): string {
  const bare = image.slice(0, image.length - tagOf(image).length)
  return bare.replace(/^(?:docker\.io|index\.docker\.io)\//, '').replace(/^library\//, '')
}

/** `:4.0`, `@sha256:…`, `:4.0@sha256:…`, or nothing. */
export function tagOf(image: string): string {
  const at = image.indexOf('@')
  const bare = at < 0 ? image : image.slice(0, at)
  const colon = bare.lastIndexOf(':')
  return image.slice(colon > bare.lastIndexOf('/') ? colon : bare.length)
}

function dutyOf(name: string): { does: Duty } | undefined {
  const found = KNOWN_SIDECARS.find(each => each.name === name)
  return found && { does: found.does }
}

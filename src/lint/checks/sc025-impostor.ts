import type { Check } from '../check.ts'
import { imageName, recognise } from '../sidecars.ts'

export const check: Check = {
  id: 'SC025',
  name: 'impostor',
  severity: 'warning',
  title: 'A container is called like a sidecar of the catalogue, and is another program',
  why: 'Injectors recognise what is there already by its name: they take this container for the sidecar, leave it out, and the pod runs without. People who look at the pod are deceived too.',
  mend: 'Give the container another name, or use the image of the catalogue.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: istio-proxy, image: mycompany/tunnel:1.0 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: tunnel, image: mycompany/tunnel:1.0 }
`,
  *pod({ containers, path, world }) {
    for (const { name, container, path: place } of containers) {
      const { image } = container
      if (typeof image !== 'string' || image === 'auto') continue
      const bare = imageName(image)
      const reserved = Object.hasOwn(RESERVED, name) ? RESERVED[name] : undefined
      const ofCatalogue = world.catalogue.entries.flatMap(entry =>
        entry.containers.flatMap(each =>
          each.container['name'] === name ? [String(each.container['image'])] : [],
        ),
      )
      const wanted = ofCatalogue.length > 0 ? ofCatalogue.map(imageName) : reserved
      if (wanted === undefined || wanted.some(each => isMadeOf(bare, each))) continue
      // Another build of the same program, or another program that does the same, deceives nobody.
      const [byImage, byName] = [{ image }, { name }].map(each => recognise(each, world.catalogue))
      if (byImage !== undefined && (byImage.name === byName?.name || byImage.does === byName?.does)) continue
      yield {
        path: path(...place, 'image'),
        message: `${name} is the name of a sidecar with the image ${wanted.join(' or ')}, and this is ${image}`,
        hint: 'give the container another name',
      }
    }
  },
}

/** Names that the usual injectors go by. */
const RESERVED: Readonly<Record<string, readonly string[]>> = {
  'istio-proxy': ['istio/proxyv2'],
  'linkerd-proxy': ['linkerd/proxy'],
  daprd: ['daprio/daprd', 'daprio/dapr'],
  'vault-agent': ['hashicorp/vault', 'openbao/openbao'],
}

/** A mirror has another registry and folder, an own build another tail: `team/fluent-bit-plugins` is a Fluent Bit. */
function isMadeOf(image: string, wanted: string): boolean {
  const [own, its] = [image, wanted].map(each => each.slice(each.lastIndexOf('/') + 1).replaceAll('_', '-'))
  return own!.includes(its!)
}

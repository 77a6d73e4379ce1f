import type { Check } from '../check.ts'
import { imageName, recognise, tagOf } from '../sidecars.ts'

const MUTABLE = /^(?:latest|main|master|edge|nightly|stable|dev|canary)$/

export const check: Check = {
  id: 'SC021',
  name: 'unapproved-image',
  severity: 'warning',
  title: 'The image of a sidecar may change under its name, or is not one of the catalogue',
  why: 'A tag such as latest is another program tomorrow, on the next node or after the next restart. And a library of approved sidecars is worth something only if they are what runs.',
  mend: 'Write a version, or better a digest, that the catalogue has (`outrigger catalog list`).',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: fluent-bit, image: fluent/fluent-bit:latest }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3 }
`,
  *pod({ sidecars, path, world }) {
    for (const { name, container, path: place } of sidecars) {
      const { image } = container
      // Injectors fill in "auto" themselves.
      if (typeof image !== 'string' || image === 'auto') continue
      const tag = tagOf(image)
      if (tag === '' || (MUTABLE.test(tag.slice(1)) && !tag.includes('@')))
        yield {
          path: path(...place, 'image'),
          message: `the image of the sidecar ${name} is ${tag === '' ? 'of no version' : `"${tag.slice(1)}"`}, which changes`,
          hint: 'write a version or a digest',
        }
      const entry = world.catalogue.entries.find(
        each => each.name === recognise(container, world.catalogue)?.name,
      )
      const approved = entry?.containers
        .map(each => each.container['image'])
        .filter(each => typeof each === 'string')
      if (
        approved !== undefined &&
        approved.length > 0 &&
        !approved.some(each => repositoryOf(each) === repositoryOf(image))
      )
        yield {
          path: path(...place, 'image'),
          severity: 'info',
          message: `the catalogue’s ${entry!.name} is ${approved.join(', ')}, the sidecar ${name} is ${image}`,
          hint: 'use the approved image, or add this one to your catalogue',
        }
    }
  },
}

/** Folder and name: a mirror has them under another registry. */
function repositoryOf(image: string): string {
  return imageName(image).split('/').slice(-2).join('/')
}

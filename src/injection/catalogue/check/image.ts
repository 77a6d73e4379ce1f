/** Why an image is not what was approved for ever, or undefined when it is. */
export function imageFault(image: unknown): { readonly message: string; readonly hint: string } | undefined {
  if (typeof image !== 'string' || image === '')
    return { message: 'image is missing', hint: 'such as docker.io/library/haproxy:3.0.5' }
  if (image.includes('${'))
    return {
      message: 'an image is written out, and no matter of parameters',
      hint: 'what was approved is one image',
    }
  const match =
    /^((?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9._/-]+?)(?::([\w][\w.-]{0,127}))?(@sha256:[0-9a-f]{64})?$/.exec(
      image,
    )
  if (match === null) return { message: `"${image}" is no reference of an image`, hint: 'REGISTRY/NAME:TAG' }
  const [, , tag, digest] = match
  if (digest !== undefined) return undefined
  if (tag === undefined)
    return { message: `"${image}" has no tag`, hint: 'name a version: it would be another image tomorrow' }
  const moves = /^(latest|stable|main|master|edge|nightly|dev|\d+)$/.test(tag)
  return moves
    ? { message: `the tag ${tag} moves`, hint: 'name a version: it would be another image tomorrow' }
    : undefined
}

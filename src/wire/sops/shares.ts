/**
 * What shares of Shamir's scheme were made of, as SOPS and Vault make them: each byte is a polynomial over GF(2^8) with the
 * polynomial of AES, a share its values at one place, which is the share's last byte. Undefined when they are not of one
 * secret; too few, or wrong ones, give another one.
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array | undefined {
  const length = shares[0]?.length ?? 0
  const places = shares.map(share => share.at(-1) ?? 0)
  const fit = shares.every(share => share.length === length) && new Set(places).size === places.length
  if (length < 2 || !fit || places.includes(0)) return undefined
  const weights = places.map((place, index) => weightAtZero(place, places.toSpliced(index, 1)))
  return Uint8Array.from({ length: length - 1 }, (_, at) =>
    shares.reduce((sum, share, index) => sum ^ multiplied(share[at]!, weights[index]!), 0),
  )
}

/** Lagrange: how much the value at a place counts for the value at 0. */
function weightAtZero(place: number, others: readonly number[]): number {
  return others.reduce((weight, other) => multiplied(weight, multiplied(other, inverse(place ^ other))), 1)
}

/** a^254, for a^255 is 1. */
function inverse(a: number): number {
  let result = 1
  for (let n = 0; n < 254; n++) result = multiplied(result, a)
  return result
}

function multiplied(a: number, b: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit++) {
    if ((b >> bit) & 1) product ^= a << bit
  }
  for (let bit = 14; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11b << (bit - 8)
  return product
}

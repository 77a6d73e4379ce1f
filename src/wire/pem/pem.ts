const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g

export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string
  /** As it stood in the text, with a line end behind it. */
  readonly text: string
  readonly der: Buffer
}

/** RFC 7468; lines of 64 characters and a line end at the end. */
export function encodePem(label: string, der: Uint8Array): string {
  const body = Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64')
  return `-----BEGIN ${label}-----\n${body.replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`
}

/** Every block of a text; what stands between them is left out. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([whole, label, body]) => ({
    label: label!,
    text: `${whole}\n`,
    der: Buffer.from(body!, 'base64'),
  }))
}

/** PEM texts. */
export interface KeyPair {
  /** The certificate, then its intermediates. */
  readonly chain: string
  readonly key: string
}

/** Who this process is at present, and whom it trusts. */
export interface Certificate extends KeyPair {
  /** PEM certificates of the authorities that peers are checked against. */
  readonly trustBundle: string
  /** Its SPIFFE URI, when it has one. */
  readonly identity: string | undefined
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number
  readonly notAfterMs: number
}

/** A certificate that is renewed while the process runs. */
export interface CertificateSource {
  /** Never an expired one while there is a better; the same object until it changes; undefined before the first. */
  current(): Certificate | undefined
  /** Calls after each change; the result ends it. */
  onChange(call: () => void): () => void
}

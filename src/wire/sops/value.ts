/** An encrypted value of SOPS: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`. */
export interface SopsValue {
  readonly data: Uint8Array
  /** 32 bytes, unlike the 12 of most uses of GCM. */
  readonly iv: Uint8Array
  readonly tag: Uint8Array
  readonly type: string
}

const SHAPE = /^ENC\[AES256_GCM,data:([^,]+),iv:([^,]+),tag:([^,]+),type:([a-z]+)\]$/

/** Undefined when the text is none. */
export function parseSopsValue(text: string): SopsValue | undefined {
  const [, data, iv, tag, type] = SHAPE.exec(text) ?? []
  const parts = [data, iv, tag].map(bytesOf)
  if (type === undefined || parts.includes(undefined)) return undefined
  return { data: parts[0]!, iv: parts[1]!, tag: parts[2]!, type }
}

function bytesOf(base64: string | undefined): Uint8Array | undefined {
  if (base64 === undefined || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    return undefined
  return Uint8Array.from(atob(base64), char => char.charCodeAt(0))
}

declare module 'snappyjs' {
  export function compress(input: Uint8Array): Buffer
  export function uncompress(input: Uint8Array): Buffer
}

/** Functions of the C library that Node does not offer. */

/** How a function is called; node:ffi's names of types. */
export interface Signature {
  readonly arguments: readonly ('i32' | 'pointer')[]
  readonly return: 'i32'
}

/** A pointer is an address, as `pointerTo` gives it; 0n is none. */
export type NativeFunction = (...given: readonly (number | bigint)[]) => number

interface Ffi {
  dlopen(path: null, functions: object): { functions: Readonly<Record<string, NativeFunction>> }
  getRawPointer(view: Buffer): bigint
}

/** Where the bytes of a buffer are, for as long as the buffer is held. */
export type PointerTo = (view: Buffer) => bigint

/** Loads node:ffi, which Node has from version 26 on; undefined where it is missing. */
export function nativeFunctions<Name extends string>(
  signatures: Readonly<Record<Name, Signature>>,
): { readonly functions: Readonly<Record<Name, NativeFunction>>; readonly pointerTo: PointerTo } | undefined {
  const ffi = loadFfi()
  if (ffi === undefined) return undefined
  const { functions } = ffi.dlopen(null, signatures)
  return { functions, pointerTo: view => ffi.getRawPointer(view) }
}

function loadFfi(): Ffi | undefined {
  const { emitWarning } = process
  // That it is experimental is for those who write programs, not for those who run this one.
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:ffi') as unknown as Ffi | undefined
  } finally {
    process.emitWarning = emitWarning
  }
}

import { nativeFunctions } from './native.ts'

/** prctl(2): whether the process leaves a core dump, and may be read by others of the same user. Not inherited by what it starts. */
const PR_SET_DUMPABLE = 4

/**
 * What this process holds gets into no core dump, and no other process of the same user can attach to it. False where
 * that cannot be said (not Linux, or a Node without node:ffi).
 */
export function forbidCoreDumps(): boolean {
  if (process.platform !== 'linux') return false
  try {
    const native = nativeFunctions({
      prctl: { arguments: ['i32', 'i32', 'i32', 'i32', 'i32'], return: 'i32' },
    })
    return native?.functions.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) === 0
  } catch {
    return false
  }
}

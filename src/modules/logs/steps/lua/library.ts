import type { StepConfig } from '../config.ts'

/** What we use of fengari, which brings no types. States and strings of Lua are its own. */
export interface Lua {
  // biome-ignore lint/suspicious/noExplicitAny: the C API of Lua, function by function
  readonly lua: Readonly<Record<string, any>>
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  readonly lauxlib: Readonly<Record<string, any>>
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  readonly lualib: Readonly<Record<string, any>>
  to_luastring(text: string): Uint8Array
}

let loaded: Lua | undefined

/** The lists of steps of a configuration. */
export interface StepLists {
  readonly steps: readonly StepConfig[]
  readonly inputs: readonly { readonly config: object }[]
  readonly outputs: readonly { readonly config: object }[]
}

/** Loads the language when one of the steps needs it; before they are made. */
export async function loadLuaFor({ steps, inputs, outputs }: StepLists): Promise<void> {
  const others = [...inputs, ...outputs].flatMap(({ config }) => (config as Partial<StepLists>).steps ?? [])
  if (loaded !== undefined || ![...steps, ...others].some(needsLua)) return
  // Its parts need each other: this one comes first.
  await import('fengari/src/fengaricore.js' as string)
  const { default: luaconf } = await import('fengari/src/luaconf.js' as string)
  luaconf.LUA_COMPAT_FLOATSTRING = true
  loaded = (await import('fengari' as string)).default as Lua
}

export function loadedLua(): Lua {
  if (loaded === undefined) throw new Error('Lua was not loaded before its step was made')
  return loaded
}

function needsLua(step: StepConfig): boolean {
  return step.kind === 'lua' || (step.kind === 'only' && step.config.steps.some(needsLua))
}

import { type Lua, loadedLua } from './library.ts'
import { PRELUDE } from './prelude.ts'

/** A value of JSON, as it goes in and comes out. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

export interface EngineOptions {
  readonly source: string
  /** For messages: the file. */
  readonly name: string
  readonly function: string
  readonly timeAsTable: boolean
  readonly integerFields: ReadonlySet<string>
  readonly arrayFields: ReadonlySet<string>
  readonly keepNull: boolean
  readonly maxInstructions: number
  readonly getenv: (name: string) => string | undefined
  readonly print: (text: string) => void
}

export interface Returned {
  readonly code: number
  readonly timeMs: number | undefined
  readonly record: Json | undefined
}

const MAX_DEPTH = 64
const NULL = Object.freeze({ null: true })

/** One script with its globals. Everything throws an Error with Lua's own words. */
export class LuaEngine {
  readonly #o: EngineOptions
  readonly #l: Lua
  readonly #state: unknown
  #left = 0

  constructor(options: EngineOptions) {
    this.#o = options
    this.#l = loadedLua()
    const { lua, lauxlib, lualib } = this.#l
    const state = lauxlib.luaL_newstate()
    this.#state = state
    for (const [name, open] of [
      ['_G', lualib.luaopen_base],
      ['string', lualib.luaopen_string],
      ['table', lualib.luaopen_table],
      ['math', lualib.luaopen_math],
      ['coroutine', lualib.luaopen_coroutine],
      ['utf8', lualib.luaopen_utf8],
      ['os', lualib.luaopen_os],
    ]) {
      lauxlib.luaL_requiref(state, this.#text(name), open, 1)
      lua.lua_pop(state, 1)
    }
    this.#define('os_getenv', () => this.#o.getenv(this.#argument(1)))
    this.#define('print', () => {
      const words = Array.from({ length: lua.lua_gettop(state) }, (_, at) => this.#argument(at + 1))
      this.#o.print(words.join('\t'))
      return undefined
    })
    if (options.keepNull) {
      lua.lua_pushlightuserdata(state, NULL)
      lua.lua_setglobal(state, this.#text('flb_null'))
    }
    this.#run(PRELUDE, 'prelude')
    this.#run(options.source, options.name)
    const type = lua.lua_getglobal(state, this.#text(options.function))
    lua.lua_pop(state, 1)
    if (type !== lua.LUA_TFUNCTION) throw new Error(`${options.name} has no function ${options.function}`)
  }

  call(tag: string, timeMs: number, record: Json): Returned {
    const { lua } = this.#l
    const state = this.#state
    lua.lua_settop(state, 0)
    lua.lua_getglobal(state, this.#text(this.#o.function))
    lua.lua_pushstring(state, this.#text(tag))
    this.#pushTime(timeMs)
    this.#push(record, 0)
    this.#call(3, 3)
    const code = lua.lua_tonumber(state, 1)
    const changes = code === 1 || code === 2
    return {
      code,
      timeMs: code === 1 ? this.#timeAt(2) : undefined,
      record: changes ? this.#read(3, 0, '') : undefined,
    }
  }

  #run(source: string, name: string): void {
    const { lua, lauxlib } = this.#l
    const bytes = this.#text(source)
    if (lauxlib.luaL_loadbuffer(this.#state, bytes, bytes.length, this.#text(`@${name}`)) !== lua.LUA_OK)
      throw new Error(this.#popText())
    this.#call(0, 0)
  }

  /** Calls what lies on the stack; stops it after so many instructions, also when it catches that. */
  #call(takes: number, gives: number): void {
    const { lua, lauxlib } = this.#l
    const STEP = 1000
    this.#left = this.#o.maxInstructions
    const hook = (state: unknown) => {
      this.#left -= STEP
      if (this.#left > 0) return
      lua.lua_sethook(state, hook, lua.LUA_MASKCOUNT, 1)
      lauxlib.luaL_error(state, this.#text(`it took more than ${this.#o.maxInstructions} instructions`))
    }
    lua.lua_sethook(this.#state, hook, lua.LUA_MASKCOUNT, STEP)
    const status = lua.lua_pcall(this.#state, takes, gives, 0)
    lua.lua_sethook(this.#state, null, 0, 0)
    if (status !== lua.LUA_OK) throw new Error(this.#popText())
  }

  #define(name: string, work: () => string | undefined): void {
    const { lua } = this.#l
    lua.lua_pushcfunction(this.#state, (state: unknown) => {
      const result = work()
      if (result === undefined) lua.lua_pushnil(state)
      else lua.lua_pushstring(state, this.#text(result))
      return 1
    })
    lua.lua_setglobal(this.#state, this.#text(name))
  }

  #argument(at: number): string {
    const { lua, lauxlib } = this.#l
    const bytes = lauxlib.luaL_tolstring(this.#state, at)
    lua.lua_pop(this.#state, 1)
    return Buffer.from(bytes).toString()
  }

  #push(value: Json, depth: number): void {
    const { lua, lauxlib } = this.#l
    const state = this.#state
    if (value === null) {
      if (this.#o.keepNull) lua.lua_pushlightuserdata(state, NULL)
      else lua.lua_pushnil(state)
    } else if (typeof value === 'string') lua.lua_pushstring(state, this.#text(value))
    else if (typeof value === 'number') lua.lua_pushnumber(state, value)
    else if (typeof value === 'boolean') lua.lua_pushboolean(state, value)
    else {
      lauxlib.luaL_checkstack(state, 4)
      lua.lua_newtable(state)
      if (Array.isArray(value))
        value.forEach((each, at) => {
          this.#push(each, depth + 1)
          lua.lua_rawseti(state, -2, at + 1)
        })
      else
        for (const [name, each] of Object.entries(value)) {
          lua.lua_pushstring(state, this.#text(name))
          this.#push(each, depth + 1)
          lua.lua_rawset(state, -3)
        }
    }
  }

  #pushTime(timeMs: number): void {
    const { lua } = this.#l
    if (!this.#o.timeAsTable) {
      lua.lua_pushnumber(this.#state, timeMs / 1000)
      return
    }
    const sec = Math.floor(timeMs / 1000)
    this.#push({ sec, nsec: Math.round((timeMs - sec * 1000) * 1e6) }, 0)
  }

  #timeAt(at: number): number | undefined {
    const { lua } = this.#l
    if (lua.lua_type(this.#state, at) === lua.LUA_TNUMBER)
      return Math.round(lua.lua_tonumber(this.#state, at) * 1e6) / 1e3
    const table = this.#read(at, 0, '') as { sec?: unknown; nsec?: unknown } | null
    const { sec, nsec = 0 } = table ?? {}
    return typeof sec === 'number' && typeof nsec === 'number' ? sec * 1000 + nsec / 1e6 : undefined
  }

  /** The value at this place of the stack; `name` is that of its field. */
  #read(at: number, depth: number, name: string): Json {
    const { lua } = this.#l
    const state = this.#state
    switch (lua.lua_type(state, at)) {
      case lua.LUA_TSTRING: {
        const text = this.#textAt(at)
        const isWhole = this.#o.integerFields.has(name) && text.trim() !== '' && Number.isFinite(Number(text))
        return isWhole ? Math.trunc(Number(text)) : text
      }
      case lua.LUA_TNUMBER: {
        const number = lua.lua_tonumber(state, at)
        if (!Number.isFinite(number)) return null
        return this.#o.integerFields.has(name) ? Math.trunc(number) : number
      }
      case lua.LUA_TBOOLEAN:
        return lua.lua_toboolean(state, at)
      case lua.LUA_TTABLE:
        return this.#readTable(lua.lua_absindex(state, at), depth, name)
      default:
        return null
    }
  }

  #readTable(at: number, depth: number, name: string): Json {
    const { lua, lauxlib } = this.#l
    const state = this.#state
    if (depth > MAX_DEPTH) throw new Error(`the record is nested deeper than ${MAX_DEPTH} levels`)
    lauxlib.luaL_checkstack(state, 4)
    const entries: [string | number, Json][] = []
    lua.lua_pushnil(state)
    while (lua.lua_next(state, at)) {
      const isNumber = lua.lua_type(state, -2) === lua.LUA_TNUMBER
      const key = isNumber ? lua.lua_tonumber(state, -2) : this.#textAt(-2)
      entries.push([key, this.#read(-1, depth + 1, String(key))])
      lua.lua_pop(state, 1)
    }
    if (entries.length === 0) return this.#o.arrayFields.has(name) ? [] : {}
    if (
      entries.every(([key]) => typeof key === 'number' && key >= 1 && key <= entries.length && key % 1 === 0)
    )
      return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => value)
    return Object.fromEntries(entries)
  }

  /** A string, without changing what lies there; what is no string has a name of its own. */
  #textAt(at: number): string {
    const { lua, lauxlib } = this.#l
    const state = this.#state
    if (lua.lua_type(state, at) === lua.LUA_TSTRING)
      return Buffer.from(lua.lua_tostring(state, at)).toString()
    const bytes = lauxlib.luaL_tolstring(state, at)
    lua.lua_pop(state, 1)
    return Buffer.from(bytes).toString()
  }

  #popText(): string {
    const text = this.#textAt(-1)
    this.#l.lua.lua_pop(this.#state, 1)
    return text
  }

  #text(text: string): Uint8Array {
    return this.#l.to_luastring(text)
  }
}

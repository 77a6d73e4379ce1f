import { PassThrough } from 'node:stream'
import type { Io, Screen } from './io.ts'

/** A process for tests: what is written is kept as text. */
export interface FakeIo extends Io {
  readonly stdin: PassThrough & { isTTY?: boolean }
  readonly stdout: FakeScreen
  readonly stderr: FakeScreen
}

export interface FakeScreen extends Screen {
  readonly text: string
}

export function fakeIo(options: { readonly cwd?: string; readonly env?: Io['env'] } = {}): FakeIo {
  return {
    stdin: new PassThrough(),
    stdout: screen(),
    stderr: screen(),
    env: options.env ?? {},
    cwd: options.cwd ?? '/',
  }
}

function screen(): FakeScreen {
  let text = ''
  return {
    get text() {
      return text
    },
    write(more) {
      text += typeof more === 'string' ? more : Buffer.from(more).toString()
      return true
    },
    once() {},
  }
}

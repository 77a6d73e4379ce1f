import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { freePort } from '../fakes/free-port.ts'

/**
 * A kind of output with a real peer, or a strict fake of one. The conformance suite opens it in the test's own process,
 * the chaos test in a sidecar that is killed.
 */
export interface Destination {
  /** Of the output, as in `logs.outputs`. */
  readonly kind: string
  /** In test names, where one kind is tried in several ways. */
  readonly name?: string
  /** Why it cannot be tried on this machine: a program is missing. */
  readonly missing?: string | undefined
  /** There is nobody who could be away. */
  readonly isLocal?: true
  start(t: TestContext): Promise<Started>
}

export interface Started {
  /** The options of the output, as a user writes them. */
  readonly options: object
  /** The `n` of every record that arrived, in any order, with those that arrived twice. */
  arrived(): Promise<number[]>
  /** The peer goes away, and comes back with all that it had; absent where it is local. */
  readonly peer?: { away(): Promise<void>; back(): Promise<void> }
}

/** A fake that is closed and started again on its port, while what it has stored stays with the caller. */
export async function restartable<Fake extends { readonly port: number; close(): Promise<void> }>(
  t: TestContext,
  start: (port: number) => Promise<Fake>,
): Promise<{ port: number; peer: { away(): Promise<void>; back(): Promise<void> } }> {
  let fake = await start(await freePort())
  let open = true
  const away = async () => {
    if (open) await fake.close()
    open = false
  }
  const back = async () => {
    fake = await start(fake.port)
    open = true
  }
  t.after(away)
  return { port: fake.port, peer: { away, back } }
}

/** A folder that is gone after the test. */
export async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-output-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

/** The numbers of records, one JSON object a line. */
export function numbersOf(lines: string): number[] {
  return lines
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line).n)
}

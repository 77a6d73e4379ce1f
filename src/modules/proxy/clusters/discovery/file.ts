import { readFile } from 'node:fs/promises'
import { parseYaml } from '../../../../kernel/config/parse.ts'
import { ConfigWatch } from '../../../../kernel/lifecycle/config-watch.ts'
import type { FileConfig } from './config.ts'
import { readEndpoints } from './endpoint-list.ts'
import type { DiscoveryWorld, EndpointSink } from './source.ts'

/** A list of endpoints in a file that somebody else keeps; symlinks on the way may be swapped. An empty list is taken at its word. */
export function fileDiscovery(
  { path }: FileConfig,
  { clock }: DiscoveryWorld,
  sink: EndpointSink,
): Disposable {
  let ended = false
  let reading: Promise<void> = Promise.resolve()
  const tell = async () => {
    const listed = await readList(path)
    if (ended) return
    if (listed.ok) sink.found(listed.endpoints)
    else sink.failed(`file ${path}: ${listed.reason}`)
  }
  const read = () => {
    reading = reading.then(tell)
  }
  const watch = new ConfigWatch(clock, () => {
    // What the path leads to may lie in another folder now.
    void watch.watch([path]).then(read)
  })
  // Watched before it is read, so that no change falls between.
  void watch.watch([path]).then(read)
  return {
    [Symbol.dispose]() {
      ended = true
      watch[Symbol.dispose]()
    },
  }
}

async function readList(path: string) {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { ok: false as const, reason: code === 'ENOENT' ? 'it does not exist' : message }
  }
  const parsing = parseYaml(path, text)
  if (!parsing.ok) {
    const { message, position } = parsing.problems[0]!
    return { ok: false as const, reason: position ? `line ${position.line}: ${message}` : message }
  }
  const { endpoints, ...others } = parsing.parsed.root
  const strange = Object.keys(others)[0]
  if (strange !== undefined) return { ok: false as const, reason: `unknown key "${strange}"` }
  if (endpoints === undefined)
    return { ok: false as const, reason: 'it has no list under the key `endpoints`' }
  return readEndpoints(endpoints)
}

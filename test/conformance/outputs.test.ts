import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../src/kernel/clock/system.ts'
import type { Deadline } from '../../src/kernel/module.ts'
import { checkOutput, openOutput, outputSchema } from '../../src/modules/logs/outputs/kinds.ts'
import { fakeOutputHost } from '../../src/modules/logs/outputs/output-fakes.ts'
import { DescriptorOutput } from '../../src/modules/logs/outputs/stdout/output.ts'
import { destinations, furtherDestinations } from '../outputs/all.ts'
import { type Destination, folderOf, numbersOf } from '../outputs/destination.ts'
import { outputConformance, type Suite } from './outputs.ts'

function suiteOf({ kind, name = kind, isLocal, start }: Destination): Suite {
  return {
    name,
    isLocal: isLocal === true,
    async begin(t, { peerAway }) {
      const { options, arrived, peer } = await start(t)
      if (peerAway) await peer?.away()
      const decoded = outputSchema.decode({ [kind]: options })
      if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
      const problems = checkOutput(decoded.value)
      if (problems.length > 0) throw new Error(JSON.stringify(problems))
      const host = hostOf(t, kind)
      const output = await openOutput(decoded.value, host)
      return {
        output,
        arrived: async () => {
          await output.drain?.(aMinute())
          return ascending(await arrived())
        },
        ...(peer && { peer }),
        close: host.close,
      }
    },
  }
}

function aMinute(): Deadline {
  return { remainingMs: () => 60_000, signal: AbortSignal.timeout(60_000) }
}

/** Its peer is whoever reads the other end. */
const stdout: Suite = {
  name: 'stdout',
  isLocal: false,
  begin: async (t, { peerAway }) => {
    const path = join(await folderOf(t), 'pipe')
    await promisify(execFile)('mkfifo', [path])
    const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    let text = ''
    let reader: number | undefined = openReader()
    const writer = openSync(path, constants.O_WRONLY)
    const drain = () => {
      const chunk = Buffer.alloc(64 * 1024)
      try {
        for (let size = 1; reader !== undefined && size > 0; ) {
          size = readSync(reader, chunk)
          text += chunk.toString('utf8', 0, size)
        }
      } catch {
        // Empty.
      }
    }
    const away = async () => {
      drain()
      if (reader !== undefined) closeSync(reader)
      reader = undefined
    }
    const back = async () => {
      reader = openReader()
    }
    t.after(async () => {
      await away()
      closeSync(writer)
    })
    if (peerAway) await away()
    const host = hostOf(t, 'stdout')
    const output = new DescriptorOutput(writer, { format: 'json', flushIntervalMs: 1 }, host)
    const arrived = async () => {
      drain()
      return ascending(numbersOf(text))
    }
    return { output, arrived, peer: { away, back }, close: host.close }
  },
}

for (const destination of [...destinations, ...furtherDestinations]) {
  if (destination.missing === undefined) outputConformance(suiteOf(destination))
  else
    test(`the ${destination.name ?? destination.kind} output keeps the contract`, {
      skip: destination.missing,
    })
}
outputConformance(stdout)

function hostOf(t: TestContext, kind: string) {
  const host = fakeOutputHost({ kind, clock: systemClock() })
  t.after(() => host.close())
  return host
}

function ascending(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b)
}

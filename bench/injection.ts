/**
 * Admission reviews per second of one core, and how long one takes: the pod is parsed from a review's bytes, the patch is
 * worked out and written as an answer is. As replicas of one workload, and with no workload like another. Pods of 5, 20 and 100 KB; `logs,proxy` of the product's catalogue.
 */

import { inject } from '../src/injection/kubernetes/inject.ts'
import type { Json } from '../src/manifests/json.ts'
import { ownCatalogue } from '../test/injection/own-catalogue.ts'
import { review } from './support/review.ts'

const SECONDS = 3
const catalogue = ownCatalogue()

for (const kilobytes of [5, 20, 100]) {
  const text = JSON.stringify(review(kilobytes))
  const name = nameIn(text)
  measure(`${Math.round(text.length / 1024)} KB, replicas`, () => text)
  let count = 0
  measure('  no workload like another', () => text.replaceAll(name, `${name}-${count++}`))
}

function measure(what: string, next: () => string): void {
  for (let i = 0; i < 300; i++) answer(Buffer.from(next()))
  const times: number[] = []
  let cpu = 0
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end) {
    const bytes = Buffer.from(next())
    const before = process.cpuUsage()
    const start = performance.now()
    answer(bytes)
    times.push(performance.now() - start)
    const { user, system } = process.cpuUsage(before)
    cpu += user + system
  }
  times.sort((a, b) => a - b)
  const at = (part: number): string => times[Math.floor(times.length * part)]!.toFixed(2)
  const rate = Math.round((times.length / cpu) * 1e6)
  process.stdout.write(
    `${what.padEnd(28)}${String(rate).padStart(7)} reviews per CPU second   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms\n`,
  )
}

/** Of the application's first container: what entries ask about a pod begins there. */
function nameIn(text: string): string {
  const { request } = JSON.parse(text) as {
    request: { object: { spec: { containers: readonly { name: string }[] } } }
  }
  return request.object.spec.containers[0]!.name
}

function answer(bytes: Buffer): string {
  const { request } = JSON.parse(bytes.toString()) as { request: { uid: string; object: Json } }
  const { patch, status } = inject(request.object, catalogue)
  if (status[0]?.outcome !== 'injected') throw new Error(JSON.stringify(status))
  return JSON.stringify({ uid: request.uid, patch: Buffer.from(JSON.stringify(patch)).toString('base64') })
}

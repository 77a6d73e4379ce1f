/**
 * Admission reviews per second of one core, and how long one takes: the pod is parsed from a review's bytes, the patch is
 * worked out and written as an answer is. Pods of 5, 20 and 100 KB; `logs,proxy` of the product's catalogue.
 */

import { inject } from '../src/injection/kubernetes/inject.ts'
import type { Json } from '../src/manifests/json.ts'
import { ownCatalogue } from '../test/injection/own-catalogue.ts'
import { review } from './support/review.ts'

const SECONDS = 3
const catalogue = ownCatalogue()

for (const kilobytes of [5, 20, 100]) {
  const bytes = Buffer.from(JSON.stringify(review(kilobytes)))
  for (let i = 0; i < 300; i++) answer(bytes)
  const times: number[] = []
  const cpu = process.cpuUsage()
  const end = performance.now() + SECONDS * 1000
  while (performance.now() < end) {
    const start = performance.now()
    answer(bytes)
    times.push(performance.now() - start)
  }
  const { user, system } = process.cpuUsage(cpu)
  times.sort((a, b) => a - b)
  const at = (part: number): string => times[Math.floor(times.length * part)]!.toFixed(2)
  const rate = Math.round((times.length / (user + system)) * 1e6)
  process.stdout.write(
    `${`${Math.round(bytes.length / 1024)} KB`.padEnd(8)}${String(rate).padStart(7)} reviews per CPU second   p50 ${at(0.5)} ms   p99 ${at(0.99)} ms\n`,
  )
}

function answer(bytes: Buffer): string {
  const { request } = JSON.parse(bytes.toString()) as { request: { uid: string; object: Json } }
  const { patch, status } = inject(request.object, catalogue)
  if (status[0]?.outcome !== 'injected') throw new Error(JSON.stringify(status))
  return JSON.stringify({ uid: request.uid, patch: Buffer.from(JSON.stringify(patch)).toString('base64') })
}

import { formatAddress } from '../kernel/config/address.ts'
import { adminAddress } from './admin-address.ts'
import type { Call } from './call.ts'
import { askReady } from './readiness.ts'

/** `outrigger health`: what a health check runs inside a container that has no shell and no curl. */
export async function run(call: Call): Promise<number> {
  const { io } = call
  const admin = await adminAddress(call)
  if ('problem' in admin) {
    io.stderr.write(`outrigger health: ${admin.problem}\n`)
    return 2
  }
  const answer = await askReady(admin.address)
  const at = `the sidecar at ${formatAddress(admin.address)}`
  io.stdout.write(answer === undefined ? `${at} is ready\n` : `${at} is not ready: ${answer}\n`)
  return answer === undefined ? 0 : 1
}

import { formatAddress } from '../../kernel/config/address.ts'
import type { SecretsStatus } from '../../modules/secrets/status.ts'
import { adminAddress } from '../admin-address.ts'
import { ADMIN_HOST, adminClient, errorOf } from '../admin-client.ts'
import type { Call } from '../call.ts'

const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const ANSWER_TIMEOUT_MS = 15_000

/** What a running sidecar says of its secrets. Rejects with a message for people. */
export async function liveStatus(call: Call): Promise<SecretsStatus> {
  const admin = await adminAddress(call)
  if ('problem' in admin) throw new Error(admin.problem.trimEnd())
  const client = adminClient(admin.address)
  try {
    const { status, body } = await client.request({
      method: 'GET',
      path: '/secrets',
      headers: ADMIN_HOST,
      timeoutMs: ANSWER_TIMEOUT_MS,
    })
    const answer = (await body.bytes(MAX_ANSWER_BYTES)).toString()
    if (status === 200) return JSON.parse(answer)
    if (status === 404)
      throw new Error(`the sidecar at ${formatAddress(admin.address)} runs no module of secrets`)
    throw new Error(errorOf(answer))
  } finally {
    client.close()
  }
}

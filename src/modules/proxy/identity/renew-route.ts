import type { AdminRoutes } from '../../../kernel/module.ts'
import type { Identity } from './identity.ts'

/** Lets an operator ask for a new certificate before it is due, such as after the authority was replaced. */
export function serveRenewal(identity: Identity, admin: AdminRoutes): void {
  admin.post('/proxy/identity/renew', 'Get a new certificate now', async (_, response) => {
    const error = await identity.renew()
    const certificate = identity.current()
    const body = {
      ...(error !== undefined && { error }),
      ...(certificate && {
        identity: certificate.identity,
        expires: new Date(certificate.notAfterMs).toISOString(),
      }),
    }
    const headers = { 'Content-Type': 'application/json' }
    response.send(error === undefined ? 200 : 409, headers, `${JSON.stringify(body)}\n`)
  })
}

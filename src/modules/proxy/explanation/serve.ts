import type { AdminRoutes } from '../../../kernel/module.ts'
import type { Explained } from './explanation.ts'

/** A question is a few lines; each answer compiles the routes anew. */
const MAX_BODY_BYTES = 64 * 1024
const MAX_AT_ONCE = 4

const HEADERS = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
}

/** Answers what a request would meet at this moment. POST, so that only this machine is answered. */
export function serveExplanations(admin: AdminRoutes, explain: (body: string) => Promise<Explained>): void {
  let underWay = 0
  admin.post('/proxy/explain', 'What a request would meet now, and why', async (request, response) => {
    const answer = (status: number, value: unknown): void => {
      response.send(status, HEADERS, `${JSON.stringify(value)}\n`)
    }
    if (underWay >= MAX_AT_ONCE) {
      answer(503, { error: `${MAX_AT_ONCE} explanations are under way already` })
      return
    }
    underWay++
    try {
      const explained = await explain((await request.body.bytes(MAX_BODY_BYTES)).toString())
      if ('wrong' in explained) answer(400, { error: explained.wrong })
      else answer(200, explained)
    } finally {
      underWay--
    }
  })
}

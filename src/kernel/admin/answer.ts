import type { ServerResponse } from '../../http/server/response.ts'

/** What the admin API says changes by the moment, and none of it is for a browser to guess at. */
const COMMON = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

/** A JSON answer, indented: people read it with curl. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const body = `${JSON.stringify(value, null, 2)}\n`
  response.send(status, { ...COMMON, ...headers, 'Content-Type': 'application/json' }, body)
}

export function sendText(
  response: ServerResponse,
  contentType: string,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.send(200, { ...COMMON, ...headers, 'Content-Type': contentType }, body)
}

import type { Rule } from '../http/server.ts'

/** The rules of the logs intake, version 2 (its API reference). */
export function datadogRule(apiKey: string): Rule {
  return ({ method, path, headers, body }) => {
    if (method !== 'POST' || path !== '/api/v2/logs') return { status: 404 }
    if (headers['dd-api-key'] === undefined)
      return { status: 401, body: '{"errors":[{"status":"401","title":"Unauthorized"}]}' }
    if (headers['dd-api-key'] !== apiKey)
      return { status: 403, body: '{"errors":[{"status":"403","title":"Forbidden"}]}' }
    if (headers['content-type'] !== 'application/json') return { status: 415 }
    if (body.length > 5_000_000)
      return { status: 413, body: '{"errors":[{"status":"413","title":"Request Entity Too Large"}]}' }
    const entries = parse(body)
    if (
      !Array.isArray(entries) ||
      entries.length > 1000 ||
      entries.some(entry => typeof entry !== 'object' || entry === null)
    )
      return {
        status: 400,
        body: '{"errors":[{"status":"400","title":"Bad Request","detail":"Invalid payload"}]}',
      }
    return undefined
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    return undefined
  }
}

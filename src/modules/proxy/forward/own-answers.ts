import type { ServerResponse } from '../../../http/server/response.ts'
import { HeaderList } from '../../../wire/http1/headers.ts'
import type { Endpoint } from '../clusters/cluster.ts'
import type { RequestView } from '../request.ts'
import type { Actions, Cors, Redirect } from '../routing/filters/actions.ts'
import { addCorsHeaders, preflightHeaders } from '../routing/filters/cors.ts'
import { editHeaders } from '../routing/filters/header-edit.ts'
import { redirectLocation } from '../routing/filters/redirect.ts'
import type { Backend, Match } from '../routing/route.ts'
import { tellSession } from './session.ts'

/** Answers a preflight request itself, for the application would not know it; false for any other request. */
export function answerPreflight(response: ServerResponse, cors: Cors, view: RequestView): boolean {
  const headers = preflightHeaders(cors, view)
  if (headers !== undefined) response.send(204, headers)
  return headers !== undefined
}

export function answerRedirect(
  response: ServerResponse,
  redirect: Redirect,
  { rule, prefix }: Match,
  view: RequestView,
  scheme: 'http' | 'https',
): void {
  const call = { request: view, prefix, scheme, listenerPort: view.port }
  const fields = new HeaderList(['Location', redirectLocation(redirect, call)])
  editFields(fields, rule.actions)
  if (rule.cors !== undefined) addCorsHeaders(rule.cors, view.headers.get('origin'), fields)
  response.send(redirect.status, fields)
}

/** What a script of another origin needs to see that it was refused, and why. */
export function corsFields(cors: Cors, view: RequestView): readonly string[] {
  const fields = new HeaderList()
  addCorsHeaders(cors, view.headers.get('origin'), fields)
  return fields.raw
}

/** A backend's answer as the filters want it. `session` is the one that the request named. */
export function editAnswer(
  fields: HeaderList,
  match: Match,
  backend: Backend,
  endpoint: Endpoint,
  view: RequestView,
  session: string | undefined,
): void {
  const { cors, session: sessions } = match.rule
  editFields(fields, backend.actions)
  if (cors !== undefined) addCorsHeaders(cors, view.headers.get('origin'), fields)
  if (sessions !== undefined) tellSession(fields, match, backend, endpoint, session)
}

function editFields(fields: HeaderList, actions: Actions | undefined): void {
  for (const edit of actions?.responseHeaders ?? []) editHeaders(fields, edit)
}

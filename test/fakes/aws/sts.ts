import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readBody } from '../faults.ts'
import { verifySignature } from './signature.ts'

export interface FakeStsOptions {
  /** Who may take on the role: the keys that sign AssumeRole. */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly region?: string
  readonly roleArn: string
  /** What the trust policy asks for. */
  readonly externalId?: string
  /** The token that AssumeRoleWithWebIdentity takes. */
  readonly token?: string
  readonly keys: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken: string
  }
  readonly lifetimeMs?: number
}

export interface FakeSts {
  readonly url: string
  /** The actions that were asked for, in order. */
  readonly actions: readonly string[]
  /** Answers everything with this status while it is set. */
  broken: number | undefined
  close(): Promise<void>
}

/** A token service that checks all that the real one checks of the two ways to take on a role. */
export async function startFakeSts(options: FakeStsOptions): Promise<FakeSts> {
  const actions: string[] = []
  const fake = { broken: undefined as number | undefined }
  const server = createServer((request, response) => void serve(request, response))
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await readBody(request, 64 * 1024))!
    if (fake.broken !== undefined) return refuse(response, fake.broken, 'InternalFailure', 'broken')
    const input = new URLSearchParams(body.toString())
    const action = input.get('Action') ?? ''
    actions.push(action)
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/x-www-form-urlencoded')
      return refuse(response, 400, 'MalformedInput', 'expected a form')
    if (input.get('Version') !== '2011-06-15')
      return refuse(response, 400, 'InvalidAction', 'unknown version')
    if (!/^[\w+=,.@-]{2,64}$/.test(input.get('RoleSessionName') ?? ''))
      return refuse(response, 400, 'ValidationError', 'RoleSessionName')
    const why = action === 'AssumeRole' ? denied(request, body, input) : deniedToken(request, input)
    if (why) return refuse(response, ...why)
    const { accessKeyId, secretAccessKey, sessionToken } = options.keys
    const expiration = new Date(Date.now() + (options.lifetimeMs ?? 3_600_000)).toISOString()
    response.writeHead(200, { 'content-type': 'text/xml' })
    response.end(`<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <${action}Result>
    <Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
      <SecretAccessKey>${secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>${expiration}</Expiration>
    </Credentials>
  </${action}Result>
</${action}Response>`)
  }

  const denied = (request: IncomingMessage, body: Buffer, input: URLSearchParams): Refusal | undefined => {
    const fault = verifySignature(
      { method: 'POST', path: request.url ?? '/', headers: request.headers, body },
      {
        accessKeyId: options.accessKeyId ?? 'AKIDEXAMPLE',
        secretAccessKey: options.secretAccessKey ?? 'secret',
        region: options.region ?? 'eu-central-1',
        service: 'sts',
        now: Date.now,
      },
    )
    if (fault) return [403, fault.type, fault.message]
    const allowed =
      input.get('RoleArn') === options.roleArn &&
      (input.get('ExternalId') ?? undefined) === options.externalId
    return allowed
      ? undefined
      : [403, 'AccessDenied', `not authorized to perform: sts:AssumeRole on ${input.get('RoleArn')}`]
  }

  const deniedToken = (request: IncomingMessage, input: URLSearchParams): Refusal | undefined => {
    if (input.get('Action') !== 'AssumeRoleWithWebIdentity') return [400, 'InvalidAction', 'unknown action']
    if (request.headers.authorization !== undefined) return [400, 'InvalidAction', 'must not be signed']
    if (input.get('RoleArn') !== options.roleArn) return [403, 'AccessDenied', 'not authorized']
    if (input.get('WebIdentityToken') !== options.token)
      return [400, 'InvalidIdentityToken', 'The web identity token that was passed could not be validated']
    return undefined
  }

  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    actions,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

type Refusal = [status: number, code: string, message: string]

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'text/xml' })
  response.end(
    `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
  )
}

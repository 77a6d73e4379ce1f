import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Faults, play, readBody } from '../faults.ts'
import { verifySignature } from './signature.ts'

export interface FakeSecretsOptions {
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  readonly region?: string
}

export interface StoredSecret {
  readonly id: string
  readonly stages: readonly string[]
  readonly text?: string
  readonly bytes?: Buffer
}

export interface StoredParameter {
  readonly type: 'String' | 'StringList' | 'SecureString'
  readonly value: string
}

export interface FakeSecrets {
  readonly url: string
  /** Of Secrets Manager: the versions of each name. */
  readonly secrets: Map<string, StoredSecret[]>
  /** Of Systems Manager: the versions of each name, the newest last. */
  readonly parameters: Map<string, StoredParameter[]>
  /** Names that are refused, by the error. */
  readonly refused: Map<string, string>
  readonly faults: Faults
  readonly actions: readonly string[]
  close(): Promise<void>
}

class Refusal extends Error {
  readonly type: string
  constructor(type: string, message: string) {
    super(message)
    this.type = type
  }
}

type Input = Readonly<Record<string, unknown>>

const PAGE = 10

/** Secrets Manager and Systems Manager as far as they give values out; every signature is verified, unknown members are refused. */
export async function startFakeSecrets(options: FakeSecretsOptions = {}): Promise<FakeSecrets> {
  const secrets = new Map<string, StoredSecret[]>()
  const parameters = new Map<string, StoredParameter[]>()
  const refused = new Map<string, string>()
  const faults = new Faults()
  const actions: string[] = []

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const fault = faults.next()
    if (await play(fault, 'before', request, response)) return
    const body = (await readBody(request, 64 * 1024))!
    const [target = '', action = ''] = String(request.headers['x-amz-target']).split('.')
    try {
      verify(request, body, target)
      const input = JSON.parse(body.toString()) as Input
      actions.push(action)
      const answer = act(target, action, input)
      if (await play(fault, 'after', request, response)) return
      send(response, 200, answer)
    } catch (error) {
      if (!(error instanceof Refusal)) return send(response, 500, { __type: 'InternalServiceError' })
      send(response, 400, { __type: `com.amazonaws#${error.type}`, message: error.message })
    }
  }

  const verify = (request: IncomingMessage, body: Buffer, target: string) => {
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/x-amz-json-1.1')
      throw new Refusal('SerializationException', 'expected a POST of application/x-amz-json-1.1')
    const fault = verifySignature(
      { method: 'POST', path: request.url ?? '/', headers: request.headers, body },
      {
        accessKeyId: options.accessKeyId ?? 'AKIDEXAMPLE',
        secretAccessKey: options.secretAccessKey ?? 'secret',
        region: options.region ?? 'eu-central-1',
        service: target === 'AmazonSSM' ? 'ssm' : 'secretsmanager',
        mustSign: ['x-amz-target'],
        now: Date.now,
      },
    )
    if (fault) throw new Refusal(fault.type, fault.message)
  }

  const act = (target: string, action: string, input: Input): unknown => {
    switch (`${target}.${action}`) {
      case 'secretsmanager.GetSecretValue':
        return secretValue(members(input, ['SecretId', 'VersionId', 'VersionStage']))
      case 'AmazonSSM.GetParameter':
        return parameter(members(input, ['Name', 'WithDecryption']))
      case 'AmazonSSM.GetParametersByPath':
        return below(members(input, ['Path', 'Recursive', 'WithDecryption', 'MaxResults', 'NextToken']))
      default:
        throw new Refusal('UnknownOperationException', '')
    }
  }

  const secretValue = (input: Input) => {
    const name = String(input['SecretId'])
    refuse(name)
    const versions = secrets.get(name)
    const stage = input['VersionStage'] ?? (input['VersionId'] === undefined ? 'AWSCURRENT' : undefined)
    const version = versions?.find(
      each =>
        (input['VersionId'] === undefined || each.id === input['VersionId']) &&
        (stage === undefined || each.stages.includes(String(stage))),
    )
    if (version === undefined)
      throw new Refusal('ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
    return {
      ARN: `arn:aws:secretsmanager:eu-central-1:1:secret:${name}`,
      Name: name,
      VersionId: version.id,
      VersionStages: version.stages,
      CreatedDate: 1.5e9,
      ...(version.text !== undefined && { SecretString: version.text }),
      ...(version.bytes !== undefined && { SecretBinary: version.bytes.toString('base64') }),
    }
  }

  const parameter = (input: Input) => {
    const [name = '', selector] = String(input['Name']).split(':')
    refuse(name)
    const versions = parameters.get(name)
    if (versions === undefined) throw new Refusal('ParameterNotFound', '')
    const number = selector === undefined ? versions.length : Number(selector)
    const version = versions[number - 1]
    if (version === undefined) throw new Refusal('ParameterVersionNotFound', '')
    return { Parameter: shown(name, version, number, input['WithDecryption'] === true) }
  }

  const below = (input: Input) => {
    const path = String(input['Path'])
    if (!path.startsWith('/'))
      throw new Refusal('ValidationException', 'The parameter path must begin with a slash')
    if (Number(input['MaxResults'] ?? PAGE) > PAGE) throw new Refusal('ValidationException', 'MaxResults')
    refuse(path)
    const found = [...parameters].filter(([name]) => name.startsWith(path.replace(/\/?$/, '/')))
    const from = Number(input['NextToken'] ?? 0)
    return {
      Parameters: found
        .slice(from, from + PAGE)
        .map(([name, all]) => shown(name, all.at(-1)!, all.length, input['WithDecryption'] === true)),
      ...(found.length > from + PAGE && { NextToken: String(from + PAGE) }),
    }
  }

  const refuse = (name: string) => {
    const type = refused.get(name)
    if (type !== undefined) throw new Refusal(type, `not now: ${name}`)
  }

  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets,
    parameters,
    refused,
    faults,
    actions,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function members(input: Input, known: readonly string[]): Input {
  const unknown = Object.keys(input).find(name => !known.includes(name))
  if (unknown !== undefined) throw new Refusal('ValidationException', `unknown member ${unknown}`)
  return input
}

function shown(name: string, { type, value }: StoredParameter, version: number, isDecrypted: boolean) {
  return {
    Name: name,
    Type: type,
    Value: type === 'SecureString' && !isDecrypted ? 'AQICAH' : value,
    Version: version,
  }
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(answer))
}

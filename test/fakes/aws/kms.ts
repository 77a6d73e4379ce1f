import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readBody } from '../faults.ts'
import { verifySignature } from './signature.ts'

export interface FakeKms {
  readonly url: string
  /** Answers by the error's name while it is set. */
  refusal: string | undefined
  readonly actions: readonly string[]
  /** What Encrypt gives, in base64. */
  encrypt(keyId: string, plaintext: Uint8Array, context?: Readonly<Record<string, string>>): string
  close(): Promise<void>
}

/** AWS KMS as far as it encrypts and decrypts; every signature is verified, and a ciphertext knows its key and context. */
export async function startFakeKms(region: string): Promise<FakeKms> {
  const actions: string[] = []
  const fake = { refusal: undefined as string | undefined }

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await readBody(request, 64 * 1024))!
    const fault = verifySignature(
      { method: 'POST', path: request.url ?? '/', headers: request.headers, body },
      {
        accessKeyId: 'AKIDEXAMPLE',
        secretAccessKey: 'secret',
        region,
        service: 'kms',
        mustSign: ['x-amz-target'],
        now: Date.now,
      },
    )
    const action = String(request.headers['x-amz-target'])
    actions.push(action)
    const type = fault?.type ?? fake.refusal
    if (type !== undefined) return send(response, 400, { __type: type, message: fault?.message ?? 'not now' })
    const { KeyId, Plaintext, CiphertextBlob, EncryptionContext } = JSON.parse(body.toString())
    if (action === 'TrentService.Encrypt')
      return send(response, 200, {
        KeyId,
        CiphertextBlob: encrypt(KeyId, Buffer.from(Plaintext, 'base64'), EncryptionContext),
      })
    if (action !== 'TrentService.Decrypt') return send(response, 400, { __type: 'UnknownOperationException' })
    const sealed = JSON.parse(Buffer.from(CiphertextBlob, 'base64').toString())
    if (sealed.keyId !== KeyId) return send(response, 400, { __type: 'IncorrectKeyException' })
    if (sealed.context !== contextOf(EncryptionContext))
      return send(response, 400, { __type: 'InvalidCiphertextException' })
    return send(response, 200, {
      KeyId,
      Plaintext: sealed.plaintext,
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    })
  }

  const encrypt: FakeKms['encrypt'] = (keyId, plaintext, context) => {
    const sealed = {
      keyId,
      context: contextOf(context),
      plaintext: Buffer.from(plaintext).toString('base64'),
    }
    return Buffer.from(JSON.stringify(sealed)).toString('base64')
  }

  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    actions,
    encrypt,
    close: () =>
      new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}

function contextOf(context: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function send(response: ServerResponse, status: number, answer: unknown): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify(answer))
}

import { randomUUID } from 'node:crypto'
import { Refusal } from './answers.ts'
import type { TokenSpec } from './tokens.ts'

type Body = Readonly<Record<string, unknown>>

interface Role {
  readonly name: string
  readonly token: TokenSpec
  readonly roleId: string
  /** How often each may still be used. */
  readonly secretIds: Map<string, number>
}

/** What a proof of a cloud is held against, each by a name for the refusal. */
export type Checks = (body: Body) => Readonly<Record<string, boolean>>

/** The methods that have a mount of their name: approle, userpass, kubernetes, jwt, azure and gcp. */
export class Logins {
  readonly #roles = new Map<string, Role>()
  readonly #users = new Map<string, { readonly password: string; readonly token: TokenSpec }>()
  readonly #bearers = new Map<string, { readonly jwt: string; readonly token: TokenSpec }>()

  readonly #gates = new Map<string, { readonly token: TokenSpec; readonly checks: Checks }>()

  role(name: string, token: TokenSpec): { readonly roleId: string; secretId(uses?: number): string } {
    const role: Role = { name, token, roleId: randomUUID(), secretIds: new Map() }
    this.#roles.set(name, role)
    return { roleId: role.roleId, secretId: uses => this.#secretId(role, uses) }
  }

  user(name: string, password: string, token: TokenSpec): void {
    this.#users.set(name, { password, token })
  }

  /** For kubernetes and jwt: who brings this very text is let in. */
  bearer(mount: 'kubernetes' | 'jwt', role: string, jwt: string, token: TokenSpec): void {
    this.#bearers.set(`${mount}/${role}`, { jwt, token })
  }

  /** For azure and gcp: who brings what passes all checks is let in. */
  gate(mount: 'azure' | 'gcp', role: string, token: TokenSpec, checks: Checks): void {
    this.#gates.set(`${mount}/${role}`, { token, checks })
  }

  /** `auth/approle/role/<name>/secret-id` */
  newSecretId(name: string): object {
    const role = this.#roles.get(name)
    if (role === undefined) throw new Refusal(400, [`role "${name}" does not exist`])
    return {
      secret_id: this.#secretId(role),
      secret_id_accessor: randomUUID(),
      secret_id_num_uses: 0,
      secret_id_ttl: 0,
    }
  }

  /** What a token of this login is made like; undefined when nothing is mounted there. */
  login(path: string, body: Body): TokenSpec | undefined {
    const [, mount, ...rest] = path.split('/')
    if (mount === 'approle') return this.#byRole(body)
    if (mount === 'userpass') return this.#byUser(rest[1] ?? '', body)
    if (mount === 'kubernetes' || mount === 'jwt') return this.#byBearer(mount, body)
    if (mount === 'azure' || mount === 'gcp') return this.#byProof(mount, body)
    return undefined
  }

  #secretId(role: Role, uses = 0): string {
    const id = randomUUID()
    role.secretIds.set(id, uses === 0 ? Number.POSITIVE_INFINITY : uses)
    return id
  }

  #byRole(body: Body): TokenSpec {
    if (body['role_id'] === undefined) throw new Refusal(500, ['missing role_id'])
    const role = [...this.#roles.values()].find(each => each.roleId === body['role_id'])
    if (role !== undefined && body['secret_id'] === undefined) throw new Refusal(400, ['missing secret_id'])
    const uses = role?.secretIds.get(String(body['secret_id'])) ?? 0
    if (role === undefined || uses === 0) throw new Refusal(400, ['invalid role or secret ID'])
    role.secretIds.set(String(body['secret_id']), uses - 1)
    return { metadata: { role_name: role.name }, ...role.token }
  }

  #byUser(name: string, body: Body): TokenSpec {
    const user = this.#users.get(name)
    if (user === undefined || user.password !== body['password'])
      throw new Refusal(400, ['invalid username or password'])
    return { ...user.token, metadata: { username: name } }
  }

  #byProof(mount: string, body: Body): TokenSpec {
    const gate = this.#gates.get(`${mount}/${String(body['role'])}`)
    if (gate === undefined) throw new Refusal(400, [`invalid role name "${String(body['role'])}"`])
    const failed = Object.entries(gate.checks(body)).find(([, isRight]) => !isRight)
    if (failed !== undefined) throw new Refusal(403, [`permission denied: ${failed[0]}`])
    return gate.token
  }

  #byBearer(mount: string, body: Body): TokenSpec {
    const bearer = this.#bearers.get(`${mount}/${String(body['role'])}`)
    if (bearer === undefined) throw new Refusal(400, [`invalid role name "${String(body['role'])}"`])
    if (bearer.jwt !== body['jwt']) throw new Refusal(403, ['permission denied'])
    return bearer.token
  }
}

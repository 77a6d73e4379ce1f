import type { Connection } from './connection.ts'
import { absolutePath } from './paths.ts'
import type { Section } from './section.ts'
import { durationText } from './values.ts'

type Notation = Readonly<Record<string, unknown>>

/** How the agent logs in: parts of a Vault source. */
export interface AutoAuth {
  /** Our auth method, `{ kubernetes: … }`. */
  readonly auth: Notation
  readonly tls: Notation
  readonly loginBackoff: Notation | undefined
  readonly namespace: string | undefined
  readonly exitOnError: boolean
  readonly method: string
}

interface MethodReading {
  readonly auth: Notation
  /** Of the connection; only `cert` has some. */
  readonly tls?: Notation
}

/** The options of a method; files are seen from the folder that the agent was started in. */
class MethodConfig {
  readonly section: Section
  readonly mount: string | undefined
  readonly #cwd: string

  constructor(section: Section, mount: string | undefined, cwd: string) {
    this.section = section
    this.mount = mount
    this.#cwd = cwd
  }

  text(key: string): string | undefined {
    const value = this.section.text(key)
    return value === '' ? undefined : value
  }

  file(key: string): string | undefined {
    const value = this.text(key)
    return value === undefined ? undefined : absolutePath(this.#cwd, value)
  }

  needed<T>(key: string, value: T | undefined): T | undefined {
    if (value === undefined) this.section.say('error', '', `missing '${key}' value`)
    return value
  }
}

type Method = (config: MethodConfig) => MethodReading | undefined

/** Methods of Vault Agent that our Vault client knows, by Vault's names. */
const METHODS: Readonly<Record<string, Method>> = {
  approle,
  aws,
  azure,
  cert,
  gcp,
  jwt,
  kubernetes,
  ldap,
  token_file: tokenFile,
}
const NOT_SUPPORTED = ['alicloud', 'cf', 'kerberos', 'oci', 'userpass']

/** Undefined when there is no method that could be used; that was told then. */
export function readMethod(autoAuth: Section, connection: Connection, cwd: string): AutoAuth | undefined {
  const methods = [...autoAuth.blocks('method'), ...autoAuth.blocks('methods')]
  const [first, second] = methods
  if (second !== undefined)
    autoAuth.tell('error', second.section.place, 'method', 'is there a second time', 'keep one')
  if (first === undefined) {
    autoAuth.say(
      'error',
      '',
      'expected a method',
      'such as method "kubernetes" { config = { role = "app" } }',
    )
    return undefined
  }
  const { section } = first
  const type = section.text('type') ?? first.label
  const mount = section
    .text('mount_path')
    ?.replace(/^\/*(auth\/)?/, '')
    .replace(/\/+$/, '')
  const namespace = section.text('namespace')?.replace(/\/+$/, '')
  section.refuse(
    'wrap_ttl',
    'is not supported: a wrapped token could be used by nobody but the reader of a sink',
    'set wrap_ttl of the sink',
  )
  const [min, max] = [section.duration('min_backoff'), section.duration('max_backoff')]
  const exitOnError = section.boolean('exit_on_err') ?? false
  const config = section.block('config') ?? section.nothing('config')
  const read = type === undefined ? undefined : Object.hasOwn(METHODS, type) ? METHODS[type] : undefined
  if (read === undefined) {
    tellMethod(section, type)
    return undefined
  }
  const reading = read(new MethodConfig(config, mount === '' ? undefined : mount, cwd))
  config.end()
  section.end()
  if (reading === undefined) return undefined
  return {
    auth: reading.auth,
    tls: { ...connection.tls, ...reading.tls },
    loginBackoff: backoff(min, max),
    namespace: namespace === undefined || namespace === '' ? connection.namespace : namespace,
    exitOnError,
    method: type!,
  }
}

function tellMethod(section: Section, type: string | undefined): void {
  if (type === undefined)
    section.say(
      'error',
      '',
      'the method has no type',
      'such as method "kubernetes" { … }, or type = "kubernetes"',
    )
  else if (NOT_SUPPORTED.includes(type))
    section.say(
      'error',
      '',
      `the method ${type} is not supported`,
      `there are ${Object.keys(METHODS).join(', ')}`,
    )
  else section.say('error', '', `"${type}" is no auth method`, `there are ${Object.keys(METHODS).join(', ')}`)
}

function backoff(min: number | undefined, max: number | undefined): Notation | undefined {
  const given = {
    ...(min !== undefined && { min: durationText(Math.max(100, min)) }),
    ...(max !== undefined && { max: durationText(Math.max(1000, max)) }),
  }
  return Object.keys(given).length === 0 ? undefined : given
}

function kubernetes(config: MethodConfig): MethodReading | undefined {
  const role = config.needed('role', config.text('role'))
  const tokenFile = config.file('token_path')
  const { mount } = config
  if (role === undefined) return undefined
  return { auth: { kubernetes: { role, ...(tokenFile && { tokenFile }), ...(mount && { mount }) } } }
}

function approle(config: MethodConfig): MethodReading | undefined {
  const roleIdFile = config.file('role_id_file_path')
  const roleId = config.text('role_id')
  const secretIdFile = config.file('secret_id_file_path')
  const secretId = config.text('secret_id')
  const removes = config.section.boolean('remove_secret_id_file_after_reading')
  const wrappingPath = config.text('secret_id_response_wrapping_path')
  if (config.needed('role_id_file_path', roleIdFile ?? roleId) === undefined) return undefined
  return {
    auth: {
      approle: {
        ...(roleIdFile !== undefined ? { roleIdFile } : { roleId }),
        ...(secretIdFile !== undefined ? { secretIdFile } : secretId !== undefined && { secretId }),
        ...(removes !== undefined && { removeSecretIdFile: removes }),
        ...(wrappingPath && { wrappingPath }),
        ...(config.mount && { mount: config.mount }),
      },
    },
  }
}

function jwt(config: MethodConfig): MethodReading | undefined {
  const { section, mount } = config
  const file = config.needed('path', config.file('path'))
  const role = config.needed('role', config.text('role'))
  const removeFile = section.boolean('remove_jwt_after_reading') ?? true
  const followLinks = section.boolean('remove_jwt_follows_symlinks') ?? false
  section.passOver('jwt_read_period', 'has no effect: the file is read for every login')
  if (file === undefined || role === undefined) return undefined
  return {
    auth: { jwt: { role, file, removeFile, ...(followLinks && { followLinks }), ...(mount && { mount }) } },
  }
}

function cert(config: MethodConfig): MethodReading {
  const role = config.text('name')
  const [ca, certificate, key] = [
    config.file('ca_cert'),
    config.file('client_cert'),
    config.file('client_key'),
  ]
  config.section.passOver('reload', 'has no effect: certificates are read again as soon as they change')
  return {
    auth: { cert: { ...(role && { role }), ...(config.mount && { mount: config.mount }) } },
    tls: { ...(ca && { ca }), ...(certificate && { cert: certificate }), ...(key && { key }) },
  }
}

function tokenFile(config: MethodConfig): MethodReading | undefined {
  const path = config.needed('token_file_path', config.file('token_file_path'))
  return path === undefined ? undefined : { auth: { tokenFile: { path } } }
}

function aws(config: MethodConfig): MethodReading | undefined {
  const { section, mount } = config
  const type = config.needed('type', config.text('type'))
  const role = config.text('role')
  const serverId = config.text('header_value')
  const [region, accessKeyId] = [config.text('region'), config.text('access_key')]
  const [secretAccessKey, sessionToken] = [config.text('secret_key'), config.text('session_token')]
  section.passOver('credential_poll_interval', 'has no effect: credentials are looked up for every login')
  section.passOver('nonce', 'has no effect: it is for the type ec2')
  if (type !== undefined && type !== 'iam')
    section.say('error', 'type', `${type} is not supported`, 'use type = "iam"')
  if (type !== 'iam') return undefined
  const credentials = {
    ...(region && { region }),
    ...(accessKeyId && { accessKeyId }),
    ...(secretAccessKey && { secretAccessKey }),
    ...(sessionToken && { sessionToken }),
  }
  return {
    auth: {
      aws: {
        ...(role && { role }),
        ...(serverId && { serverId }),
        ...(Object.keys(credentials).length > 0 && { credentials }),
        ...(mount && { mount }),
      },
    },
  }
}

/** LDAP takes what userpass takes, at a mount of its own. */
function ldap(config: MethodConfig): MethodReading | undefined {
  const { section, mount = 'ldap' } = config
  const username = config.needed('username', config.text('username'))
  const passwordFile = config.needed('password_file_path', config.file('password_file_path'))
  const removes = section.boolean('remove_password_after_reading') ?? true
  const followLinks = section.boolean('remove_password_follows_symlinks') ?? false
  section.passOver('password_read_period', 'has no effect: the file is read for every login')
  if (username === undefined || passwordFile === undefined) return undefined
  return {
    auth: {
      userpass: {
        username,
        passwordFile,
        ...(removes && { removePasswordFile: true }),
        ...(followLinks && { followLinks }),
        mount,
      },
    },
  }
}

function azure(config: MethodConfig): MethodReading | undefined {
  const { section, mount } = config
  const role = config.needed('role', config.text('role'))
  const resource = config.needed('resource', config.text('resource'))
  const [clientId, objectId, scope] = [
    config.text('client_id'),
    config.text('object_id'),
    config.text('scope'),
  ]
  const fromEnvironment = section.boolean('authenticate_from_environment') ?? false
  if (scope !== undefined && !fromEnvironment)
    section.passOver('scope', 'has no effect without authenticate_from_environment')
  if (role === undefined || resource === undefined) return undefined
  return {
    auth: {
      azure: {
        role,
        resource: fromEnvironment ? (scope ?? resource) : resource,
        ...(clientId && { clientId }),
        ...(objectId && { objectId }),
        ...(fromEnvironment && { fromEnvironment }),
        ...(mount && { mount }),
      },
    },
  }
}

function gcp(config: MethodConfig): MethodReading | undefined {
  const { section, mount } = config
  const type = config.needed('type', config.text('type'))
  const role = config.needed('role', config.text('role'))
  const credentialsFile = config.file('credentials')
  const minutes = section.number('jwt_exp')
  section.passOver(
    'service_account',
    'has no effect: the account is the one of the credentials, or of the machine',
  )
  section.passOver('project', 'has no effect: no request names a project')
  if (type !== undefined && type !== 'gce' && type !== 'iam')
    section.say('error', 'type', `${type} is not supported`, 'use gce or iam')
  if (type === 'iam' && credentialsFile === undefined)
    section.say(
      'error',
      '',
      'the type iam needs credentials: tokens are signed with the key of the service account',
      'give credentials, or use a role of the type gce',
    )
  if (role === undefined || type === undefined) return undefined
  return {
    auth: {
      gcp: {
        role,
        ...(type === 'iam' && { credentialsFile }),
        ...(type === 'iam' && minutes !== undefined && { lifetime: `${minutes}m` }),
        ...(mount && { mount }),
      },
    },
  }
}

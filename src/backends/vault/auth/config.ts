import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { awsFields } from '../../aws/options.ts'

const mount = (name: string) =>
  s.string({ about: 'Where the method is mounted, below `auth/`.', default: name, pattern: /^[^/\s].*$/ })

const kubernetes = s.object(
  {
    role: s.string({ about: 'The role to take.', example: 'app' }),
    tokenFile: s.string({
      about: 'The token of the service account; read again for every login.',
      default: '/var/run/secrets/kubernetes.io/serviceaccount/token',
    }),
    mount: mount('kubernetes'),
  },
  { about: 'By the pod’s service account.' },
)

const approle = s.object(
  {
    roleId: s.string({ about: 'The role’s id.', optional: true }),
    roleIdFile: s.string({ about: 'File with it.', optional: true, example: '/etc/vault/role-id' }),
    secretId: s.secret({ about: 'The secret id, if the role asks for one.', optional: true }),
    secretIdFile: s.string({ about: 'File with it.', optional: true, example: '/etc/vault/secret-id' }),
    removeSecretIdFile: s.boolean({
      about: 'Remove `secretIdFile` once it was read. Another login then needs another file.',
      default: true,
    }),
    wrappingPath: s.string({
      about:
        'The file holds a wrapping token, made by this path, instead of the secret id itself: a token of another path is refused.',
      optional: true,
      example: 'auth/approle/role/app/secret-id',
    }),
    mount: mount('approle'),
  },
  { about: 'By the id of a role and a secret id.' },
)

const jwt = s.object(
  {
    role: s.string({ about: 'The role to take.', example: 'app' }),
    file: s.string({ about: 'File with the token (JWT).', example: '/var/run/secrets/tokens/vault' }),
    removeFile: s.boolean({ about: 'Remove the file once it was read.', default: false }),
    followLinks: s.boolean({ about: 'Remove what the file links to, where it is a link.', default: false }),
    mount: mount('jwt'),
  },
  { about: 'By a JSON Web Token.' },
)

const cert = s.object(
  {
    role: s.string({ about: 'The certificate role to take; any that fits unless given.', optional: true }),
    mount: mount('cert'),
  },
  { about: 'By the client certificate of `tls.cert` and `tls.key`.' },
)

const tokenFile = s.object(
  { path: s.string({ about: 'File with the token.', example: '/home/app/.vault-token' }) },
  { about: 'By a token that somebody else puts into a file. Meant for development.' },
)

const token = s.object(
  { token: s.secret({ about: 'The token.', example: `\${VAULT_TOKEN}` }) },
  { about: 'By a token that is given. Meant for development.' },
)

const userpass = s.object(
  {
    username: s.string({ about: 'The user.' }),
    password: s.secret({ about: 'The password.', optional: true }),
    passwordFile: s.string({ about: 'File with it.', optional: true }),
    removePasswordFile: s.boolean({
      about: 'Remove `passwordFile` once a login has worked. The password is kept for later logins.',
      default: false,
    }),
    followLinks: s.boolean({ about: 'Remove what the file links to, where it is a link.', default: false }),
    mount: mount('userpass'),
  },
  { about: 'By user name and password.' },
)

const aws = s.object(
  {
    role: s.string({ about: 'The role to take; that of the principal’s name unless given.', optional: true }),
    serverId: s.string({
      about: 'The value of X-Vault-AWS-IAM-Server-ID, where the method asks for one.',
      optional: true,
      example: 'vault.example.com',
    }),
    credentials: s.object(awsFields, {
      about: 'Whose identity; found where AWS’s own tools look unless given.',
      default: {},
    }),
    mount: mount('aws'),
  },
  { about: 'By the identity that AWS gives: a signed request that only the server sends.' },
)

const azure = s.object(
  {
    role: s.string({ about: 'The role to take.', example: 'app' }),
    resource: s.string({
      about: 'What the token is for, as the method is configured on the server.',
      example: 'https://vault.example.com',
    }),
    clientId: s.string({
      about:
        'Which of several identities of the machine, by its client id; with `fromEnvironment` in place of AZURE_CLIENT_ID.',
      optional: true,
    }),
    objectId: s.string({
      about: 'Which of several identities of the machine, by its object id.',
      optional: true,
    }),
    fromEnvironment: s.boolean({
      about:
        'By AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE (a workload identity of AKS) or AZURE_CLIENT_SECRET, instead of the machine’s identity.',
      default: false,
    }),
    metadataUrl: s.string({
      about: 'Where the metadata service of the machine is.',
      default: 'http://169.254.169.254',
      pattern: /^http:\/\/\S+$/,
    }),
    mount: mount('azure'),
  },
  { about: 'By the identity that Azure gives.' },
)

const gcp = s.object(
  {
    role: s.string({ about: 'The role to take.', example: 'app' }),
    credentialsFile: s.string({
      about:
        'The key of a service account (JSON), for roles of the type iam; the identity of the machine or pod unless given, for roles of the type gce.',
      optional: true,
      example: '/etc/vault/service-account.json',
    }),
    lifetime: s.duration({
      about: 'How long a token is good that is signed with `credentialsFile`.',
      default: '15m',
      min: '1m',
      max: '1h',
    }),
    metadataUrl: s.string({
      about: 'Where the metadata service of the machine is; GCE_METADATA_HOST goes before it.',
      default: 'http://metadata.google.internal',
      pattern: /^http:\/\/\S+$/,
    }),
    mount: mount('gcp'),
  },
  { about: 'By the identity that Google Cloud gives.' },
)

const none = s.object(
  {},
  {
    about:
      'Not at all: the source has no secrets, and the delivery `gateway` sends requests on that bring their own token.',
  },
)

/** All methods: a new one is an entry here and in `openAuthMethod`, and a file. */
export const authMethodSchema = s.oneOf(
  { kubernetes, approle, jwt, cert, tokenFile, token, userpass, aws, azure, gcp, none },
  { about: 'How the sidecar proves to the server who it is.' },
)

export type AuthMethodConfig = Infer<typeof authMethodSchema>

/** One that there is something to log in with. */
export type LoginConfig = Exclude<AuthMethodConfig, { kind: 'none' }>

/** Rules between the options of a method. Paths begin behind its name. */
export function checkAuthMethod({ kind, config }: AuthMethodConfig): Problem[] {
  if (kind === 'approle') return [...oneOf(config, 'roleId', true), ...oneOf(config, 'secretId', false)]
  if (kind === 'userpass') {
    if (config.removePasswordFile && config.passwordFile === undefined)
      return [
        { path: ['removePasswordFile'], message: 'has no effect without passwordFile', hint: 'remove it' },
      ]
    return oneOf(config, 'password', true)
  }
  if (kind === 'azure' && config.clientId !== undefined && config.objectId !== undefined)
    return [{ path: ['objectId'], message: 'is given beside clientId', hint: 'remove one of them' }]
  return []
}

/** Of `x` and `xFile` one at most, and one at least where it is needed. */
function oneOf(config: object, option: string, isNeeded: boolean): Problem[] {
  const given = [option, `${option}File`].filter(
    key => (config as Record<string, unknown>)[key] !== undefined,
  )
  if (given.length === 2)
    return [{ path: [`${option}File`], message: `is given beside ${option}`, hint: 'remove one of them' }]
  if (given.length === 0 && isNeeded)
    return [{ path: [], message: `expected ${option} or ${option}File`, hint: `give one of them` }]
  return []
}

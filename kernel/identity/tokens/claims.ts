// What a token says, packed into few bytes: ids are 16 bytes, times are milliseconds in 6.
export const tokenMethods = ['password', 'token', 'application_credential', 'ec2credential', 'trust'] as const
export type TokenMethod = (typeof tokenMethods)[number]

export type TokenScope =
  | { kind: 'none' }
  | { kind: 'project'; projectId: string; generation: number }
  | { kind: 'domain'; domainId: string; generation: number }
  | { kind: 'system' }

export interface Claims {
  userId: string
  /** The user's `generation` when the token was made. */
  generation: number
  methods: TokenMethod[]
  scope: TokenScope
  issuedAtMs: number
  expiresAtMs: number
  /** Own audit id, and that of the first token of the chain where this one was made from a token. */
  auditIds: string[]
  applicationCredentialId?: string
  trustId?: string
}

const scopeKinds = ['none', 'project', 'domain', 'system'] as const
const withApplicationCredential = 1
const withTrust = 2

export function pack(claims: Claims): Buffer {
  const { scope } = claims
  const parts: Buffer[] = []
  const methods = claims.methods.reduce((bits, method) => bits | (1 << tokenMethods.indexOf(method)), 0)
  const more = (claims.applicationCredentialId ? withApplicationCredential : 0) | (claims.trustId ? withTrust : 0)
  const head = Buffer.alloc(16)
  head[0] = methods
  head[1] = scopeKinds.indexOf(scope.kind) | (more << 4)
  head.writeUIntBE(claims.issuedAtMs, 2, 6)
  head.writeUIntBE(claims.expiresAtMs, 8, 6)
  head[14] = claims.auditIds.length
  parts.push(head, packId(claims.userId), packNumber(claims.generation))
  if (scope.kind === 'project') parts.push(packId(scope.projectId), packNumber(scope.generation))
  if (scope.kind === 'domain') parts.push(packId(scope.domainId), packNumber(scope.generation))
  for (const auditId of claims.auditIds) parts.push(Buffer.from(auditId, 'base64url'))
  if (claims.applicationCredentialId) parts.push(packId(claims.applicationCredentialId))
  if (claims.trustId) parts.push(packId(claims.trustId))
  return Buffer.concat(parts)
}

export function unpack(bytes: Buffer): Claims {
  let at = 16
  const number = () => {
    at += 4
    return bytes.readUInt32BE(at - 4)
  }
  const id = () => {
    const length = bytes[at++]!
    if (length === 0) {
      at += 16
      return bytes.toString('hex', at - 16, at)
    }
    at += length
    return bytes.toString('utf8', at - length, at)
  }
  const userId = id()
  const generation = number()
  const kind = scopeKinds[bytes[1]! & 0xf]!
  let scope: TokenScope = { kind: 'none' }
  if (kind === 'project') scope = { kind, projectId: id(), generation: number() }
  else if (kind === 'domain') scope = { kind, domainId: id(), generation: number() }
  else if (kind === 'system') scope = { kind }
  const auditIds = Array.from({ length: bytes[14]! }, () => {
    at += 16
    return bytes.toString('base64url', at - 16, at)
  })
  const more = bytes[1]! >> 4
  return {
    userId,
    generation,
    scope,
    auditIds,
    methods: tokenMethods.filter((_, index) => bytes[0]! & (1 << index)),
    issuedAtMs: bytes.readUIntBE(2, 6),
    expiresAtMs: bytes.readUIntBE(8, 6),
    ...(more & withApplicationCredential && { applicationCredentialId: id() }),
    ...(more & withTrust && { trustId: id() }),
  }
}

const hexId = /^[0-9a-f]{32}$/

/** A zero and 16 bytes for the usual ids; a length and text for others, such as `default`. */
function packId(id: string): Buffer {
  if (hexId.test(id)) return Buffer.concat([Buffer.of(0), Buffer.from(id, 'hex')])
  const text = Buffer.from(id, 'utf8')
  return Buffer.concat([Buffer.of(text.length), text])
}

function packNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

// What users entrust to identity, encrypted before it reaches the database.
import type { IdentityContext } from '../context.ts'
import { decrypt, encrypt } from '../tokens/cipher.ts'
import type { Credential } from './credential.ts'

/** First byte of every blob of this form. */
const blobVersion = 0xb1

export const sealBlob = ({ credentialKeys }: IdentityContext, blob: string): string =>
  encrypt(credentialKeys, blobVersion, Buffer.from(blob, 'utf8')).toString('base64')

/** @throws where none of the keys fits: the key folder was lost or exchanged. */
export function openBlob({ credentialKeys }: IdentityContext, { id, encryptedBlob }: Credential): string {
  const plain = decrypt(credentialKeys, blobVersion, Buffer.from(encryptedBlob, 'base64'))
  if (!plain) throw new Error(`no key opens the credential ${id}: restore the folder of credential keys from a backup`)
  return plain.toString('utf8')
}

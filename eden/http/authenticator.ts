// Who holds a token. Identity answers this in its own process; elsewhere it is asked over the network and remembered.
import type { Credentials } from '../policy/credentials.ts'

export interface Authenticator {
  /** The credentials that a token stands for; undefined where it is unknown, expired or revoked. */
  credentialsOf(token: string): Promise<Credentials | undefined>
}

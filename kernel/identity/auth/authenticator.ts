// Who holds a token, for every service of this process.
import type { Authenticator } from '../../../eden/http/authenticator.ts'
import type { IdentityContext } from '../context.ts'

export const identityAuthenticator = ({ tokens }: IdentityContext): Authenticator => ({
  credentialsOf: async (token) => (await tokens.find(token))?.credentials,
})

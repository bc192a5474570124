// The body of POST /v3/auth/tokens: how the caller proves who they are, and what the token shall be for.
import { type Static, Type } from 'typebox'

const text = () => Type.String({ minLength: 1, maxLength: 255 })
const open = { additionalProperties: true }

const domainRef = Type.Object({ id: Type.Optional(text()), name: Type.Optional(text()) }, open)
/** By id, or by name and domain. */
const entityRef = { id: Type.Optional(text()), name: Type.Optional(text()), domain: Type.Optional(domainRef) }

export const authRequest = Type.Object(
  {
    auth: Type.Object(
      {
        identity: Type.Object(
          {
            methods: Type.Array(Type.String({ maxLength: 64 }), { minItems: 1 }),
            password: Type.Optional(
              Type.Object(
                { user: Type.Object({ ...entityRef, password: Type.String({ maxLength: 4096 }) }, open) },
                open,
              ),
            ),
            token: Type.Optional(Type.Object({ id: Type.String({ maxLength: 4096 }) }, open)),
            application_credential: Type.Optional(
              Type.Object(
                {
                  id: Type.Optional(text()),
                  name: Type.Optional(text()),
                  secret: Type.String({ maxLength: 4096 }),
                  user: Type.Optional(Type.Object(entityRef, open)),
                },
                open,
              ),
            ),
          },
          open,
        ),
        scope: Type.Optional(
          Type.Union([
            Type.Literal('unscoped'),
            Type.Object(
              {
                project: Type.Optional(Type.Union([Type.Object(entityRef, open), Type.Null()])),
                domain: Type.Optional(Type.Union([domainRef, Type.Null()])),
                system: Type.Optional(Type.Object({ all: Type.Boolean() }, open)),
                'OS-TRUST:trust': Type.Optional(Type.Object({ id: text() }, open)),
                unscoped: Type.Optional(Type.Object({}, open)),
              },
              open,
            ),
          ]),
        ),
      },
      open,
    ),
  },
  open,
)

export type AuthRequest = Static<typeof authRequest>
export type AuthIdentity = AuthRequest['auth']['identity']
export type AuthScope = AuthRequest['auth']['scope']
export type EntityRef = { id?: string; name?: string; domain?: { id?: string; name?: string } }

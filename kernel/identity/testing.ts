// Identity in memory, for its tests: quick passwords, an administrator, and requests with tokens.
import { type TestClock, testClock } from '../../eden/clock.ts'
import { type TestCloud, testCloud } from '../../eden/testing.ts'
import { identityService } from './service.ts'

export interface IdentityCloud extends TestCloud {
  clock: TestClock
  /** A token of `admin` in the project `admin`. */
  admin: string
  /** A token by password; undefined where it is refused. */
  login(name: string, password: string, scope?: unknown): Promise<string | undefined>
  /** Asks as `admin` and expects it to succeed. */
  do(method: string, url: string, body?: unknown): Promise<Record<string, Record<string, unknown>>>
}

export const adminPassword = 'first secret'

export async function identityCloud(
  t: { after(fn: () => Promise<void>): void },
  config: Record<string, unknown> = {},
): Promise<IdentityCloud> {
  const clock = testClock()
  const cloud = await testCloud({
    services: [identityService],
    clock,
    settings: { plan: { identity: { passwordCost: 10, ...config } } },
    gifts: {
      'identity.bootstrap': { adminPassword },
      catalog: () => [
        {
          type: 'volumev3',
          name: 'cinder',
          region: 'RegionOne',
          urls: {
            public: 'http://v/v3/$(project_id)s',
            internal: 'http://v/v3/%(tenant_id)s',
            admin: 'http://v/v3/$(project_id)s',
          },
        },
        {
          type: 'identity',
          name: 'keystone',
          region: 'RegionOne',
          urls: { public: 'http://k/v3', internal: 'http://k/v3', admin: 'http://k/v3' },
        },
      ],
    },
  })
  t.after(() => cloud.close())
  const login = async (name: string, password: string, scope?: unknown) => {
    const { headers, status } = await cloud.ask('identity', '', 'POST', '/v3/auth/tokens', {
      auth: {
        identity: { methods: ['password'], password: { user: { name, domain: { id: 'default' }, password } } },
        ...(scope !== undefined && { scope }),
      },
    })
    return status === 201 ? String(headers['x-subject-token']) : undefined
  }
  const admin = (await login('admin', adminPassword)) ?? ''
  return {
    ...cloud,
    clock,
    admin,
    login,
    async do(method, url, body) {
      const { status, json } = await cloud.ask('identity', admin, method, url, body)
      if (status >= 300) throw new Error(`${method} ${url}: ${status} ${JSON.stringify(json)}`)
      return json as Record<string, Record<string, unknown>>
    },
  }
}

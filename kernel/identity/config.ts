// Each setting of identity: its default, its unit and what it means.
import { setting, settings, type ValuesOf } from '../../eden/config/setting.ts'

export const identitySettings = settings('identity', {
  tokenLifetime: setting({ type: 'duration', default: '12h', min: '1m', says: 'How long a new token is good for.' }),
  tokenKeyRotation: setting({
    type: 'duration',
    default: '24h',
    says: 'How old the primary token key gets before the next one takes its place; 0 leaves rotation to the operator.',
  }),
  lockoutFailureAttempts: setting({
    type: 'integer',
    default: 10,
    min: 0,
    says: 'Wrong passwords in a row after which an account is locked; 0 never locks.',
  }),
  lockoutDurationSeconds: setting({
    type: 'integer',
    default: 300,
    min: 1,
    unit: 'seconds',
    says: 'How long an account stays locked.',
  }),
  uniqueLastPasswordCount: setting({
    type: 'integer',
    default: 0,
    min: 0,
    max: 24,
    says: 'How many of the last passwords a user may not choose again; 0 remembers none.',
  }),
  passwordExpiresDays: setting({
    type: 'integer',
    default: 0,
    min: 0,
    unit: 'days',
    says: 'Age at which a password must be changed; 0 never.',
  }),
  passwordRegex: setting({
    type: 'text',
    default: '',
    says: 'What a password that its user chooses must match; empty for anything.',
  }),
  passwordCost: setting({
    type: 'integer',
    default: 15,
    min: 10,
    max: 20,
    says: 'Work of one password check: scrypt with 2 to this power blocks (15 takes 32 MiB and some 80 ms).',
  }),
  tokenCacheSize: setting({
    type: 'integer',
    default: 20_000,
    min: 1,
    says: 'Tokens whose holders are kept in memory.',
  }),
  maxProjectDepth: setting({
    type: 'integer',
    default: 5,
    min: 1,
    says: 'Levels of projects below a domain.',
  }),
})

export type IdentitySettings = ValuesOf<typeof identitySettings>

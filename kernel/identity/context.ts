// All that code in identity may reach.
import { join } from 'node:path'
import type { Ground } from '../../eden/call.ts'
import type { World } from '../../eden/service.ts'
import type { IdentitySettings } from './config.ts'
import type { BootstrapGift, CatalogGift, KeyDirGift } from './contract.ts'
import { Passwords } from './passwords/passwords.ts'
import { KeyRepository } from './tokens/key-repository.ts'
import { Remembered } from './tokens/remembered.ts'
import { Tokens } from './tokens/tokens.ts'

export interface IdentityContext {
  ground: Ground
  settings: IdentitySettings
  remembered: Remembered
  tokens: Tokens
  passwords: Passwords
  /** Encrypts what users entrust to identity; these keys are never thrown away. */
  credentialKeys: KeyRepository
  bootstrap: BootstrapGift | undefined
  catalog: CatalogGift | undefined
}

export function identityContext(world: World): IdentityContext {
  const settings = world.config as IdentitySettings
  const keyDir = world.giftIfAny('identity.keyDir') as KeyDirGift | undefined
  const remembered = new Remembered(world.ground.store)
  return {
    ground: world.ground,
    settings,
    remembered,
    tokens: new Tokens(world.ground, new KeyRepository(keyDir, 'token'), remembered, settings.tokenCacheSize),
    passwords: new Passwords(settings.passwordCost),
    credentialKeys: new KeyRepository(keyDir && join(keyDir, 'credential'), 'credential'),
    bootstrap: world.giftIfAny('identity.bootstrap') as BootstrapGift | undefined,
    catalog: world.giftIfAny('catalog') as CatalogGift | undefined,
  }
}

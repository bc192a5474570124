// Every service of the cloud, in the order of the ladder: who is asked comes before who asks.
import { edenService } from '../eden/api/service.ts'
import type { AnyService } from '../eden/service.ts'
import { computeService } from '../kernel/compute/service.ts'
import { identityService } from '../kernel/identity/service.ts'
import { imageService } from '../kernel/image/service.ts'
import { networkService } from '../kernel/network/service.ts'
import { volumeService } from '../kernel/volume/service.ts'

export const services: AnyService[] = [
  edenService,
  identityService,
  imageService,
  networkService,
  volumeService,
  computeService,
]

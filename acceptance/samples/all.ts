// All samples, by service, in the order in which one sweep can try them.
import { computeSamples } from './compute.ts'
import { edenSamples } from './eden.ts'
import { identitySamples } from './identity.ts'
import { imageSamples } from './image.ts'
import { networkSamples } from './network.ts'
import type { Sample } from './sample.ts'
import { volumeSamples } from './volume.ts'

export const samples: Record<string, Sample[]> = {
  identity: identitySamples,
  image: imageSamples,
  network: networkSamples,
  volume: volumeSamples,
  compute: computeSamples,
  eden: edenSamples,
}

// Jobs that fail or wait at a step of their own, for samples that need such a job.
import type { JobEngine } from '../../eden/jobs/engine.ts'

/** `volume.extend grow`: every try of this step fails for good until the probe is taken away. */
export function failAt(jobs: JobEngine, place: string): () => void {
  jobs.probe = (at, job, step, direction) => {
    if (at === 'before' && direction === 'do' && `${job} ${step}` === place) throw new TypeError('injected')
  }
  return () => {
    jobs.probe = undefined
  }
}

/** The job stands before this step until `letGo`. */
export function holdAt(jobs: JobEngine, place: string): { reached: Promise<void>; letGo(): void } {
  const reached = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  jobs.probe = async (at, job, step, direction) => {
    if (at !== 'before' || direction !== 'do' || `${job} ${step}` !== place) return
    reached.resolve()
    await gate.promise
  }
  return {
    reached: reached.promise,
    letGo() {
      jobs.probe = undefined
      gate.resolve()
    },
  }
}

// Bytes on their way into the store: counted, hashed and inspected as they pass, refused before they are kept.
import { createHash } from 'node:crypto'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { isProblem, messageOf, Problem, tooLarge, unavailable, unsupportedMedia } from '../../../eden/errors.ts'
import type { ImageContext } from '../context.ts'
import type { ImageStore } from '../driver.ts'
import type { Received } from '../images/image.ts'
import { createInspector } from '../inspect/inspector.ts'
import { judge } from '../inspect/judge.ts'

/**
 * Stores what the stream gives under `key`; when it throws, nothing is there.
 * @throws 413 too large, 415 hostile or not of the declared format, 400 where the sender broke off, 503 where the
 * store failed.
 */
export async function receive(
  { store, config }: { store: Pick<ImageStore, 'put' | 'remove'>; config: ImageContext['config'] },
  stream: Readable,
  key: string,
  declaredFormat: string,
): Promise<Received> {
  const checksum = createHash('md5')
  const hash = createHash('sha512')
  const inspector = createInspector()
  let sizeBytes = 0
  let received: Received | undefined
  const meter = new Transform({
    transform(chunk: Buffer, _, done) {
      sizeBytes += chunk.length
      if (sizeBytes > config.maxImageSize)
        return done(tooLarge(`The image is larger than the ${config.maxImageSize} bytes that are accepted here.`))
      checksum.update(chunk)
      hash.update(chunk)
      inspector.write(chunk)
      done(null, chunk)
    },
    flush(done) {
      // Judged before the store sees the end, so that a refused image never becomes visible in it.
      const inspection = inspector.finish()
      const verdict = judge(inspection, declaredFormat, {
        maxVirtualSizeBytes: config.maxVirtualSize,
        requireFormatMatch: config.requireFormatMatch,
      })
      if (!verdict.ok) return done(unsupportedMedia(`The image is refused. ${verdict.reasons.join(' ')}`))
      received = {
        sizeBytes,
        checksum: checksum.digest('hex'),
        hashValue: hash.digest('hex'),
        virtualSizeBytes: inspection.virtualSizeBytes,
      }
      done()
    },
  })
  const stored = store.put(key, meter)
  const [sent, kept] = await Promise.allSettled([pipeline(stream, meter), stored])
  const reasons = [sent, kept].flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []))
  if (reasons.length === 0 && received) return received
  await store.remove(key)
  throw reasons.find(isProblem) ?? brokenOff(reasons)
}

/** Where the bytes of a dry run go. */
export const nowhere: Pick<ImageStore, 'put' | 'remove'> = {
  async put(_, bytes) {
    let sizeBytes = 0
    for await (const chunk of bytes) sizeBytes += (chunk as Buffer).length
    return { sizeBytes }
  },
  async remove() {},
}

/** A sender that went away is the sender's matter; anything else is the store's. */
function brokenOff(reasons: unknown[]): Problem {
  const codes = reasons.map((reason) => (reason as NodeJS.ErrnoException | undefined)?.code)
  if (codes.some((code) => code === 'ECONNRESET' || code === 'ABORT_ERR'))
    return new Problem(400, 'badRequest', 'The upload broke off before its end.', { cause: reasons[0] })
  const cause = reasons.find((reason) => (reason as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE')
  return unavailable('The image store could not keep the image; the operator finds the cause in the log.', {
    cause: cause ?? reasons[0],
    detail: reasons.map(messageOf).join('; '),
  })
}

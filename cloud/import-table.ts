// Who may import whom. A service's doors are `client.ts`, `contract.ts`, `driver.ts` and, for the composition, `service.ts`.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

const doors = /^(client|contract|driver)\.ts$/
/** Each slot belongs to one service. */
const serviceOfSlot = (slot: string) => `kernel/${slot}`
/** Folders below `drivers/` that are no slot: what drivers of several slots share. */
const sharedByDrivers = ['drivers/qemu']

/**
 * The part of the tree that a file belongs to: `eden`, `kernel/volume`, `drivers/volume/files`, `cloud`; `drivers/volume`
 * for a file that all drivers of the slot share.
 */
function partOf(file: string): string {
  const [top, second, third] = file.split('/')
  if (top === 'kernel' || top === 'base' || top === 'admin') return `${top}/${second}`
  if (top === 'drivers') {
    const folder = `drivers/${second}`
    return sharedByDrivers.includes(folder) || third?.endsWith('.ts') ? folder : `${folder}/${third}`
  }
  return top ?? ''
}

/** Why one file may not import another; undefined where it may. */
function objection(from: string, to: string): string | undefined {
  const [a, b] = [partOf(from), partOf(to)]
  if (a === b || b === 'eden' || a === 'cloud' || a === 'acceptance' || a === 'bench') return undefined
  if (a === 'eden') return 'eden imports no service'
  const inside = to.slice(b.length + 1)
  if (a.startsWith('drivers/')) {
    const slot = from.split('/')[1]!
    const isOwn =
      b === serviceOfSlot(slot) &&
      (inside === 'driver.ts' || (inside === 'driver.contract.ts' && from.endsWith('.test.ts')))
    const isShared = b === `drivers/${slot}` || sharedByDrivers.includes(b)
    return isOwn || isShared
      ? undefined
      : `drivers import their service's driver.ts, Eden, and what drivers share (drivers/${slot}/*.ts, ${sharedByDrivers})`
  }
  if (b.startsWith('drivers/'))
    return from.endsWith('.test.ts') || /(^|\/)testing(\/|\.ts$)/.test(from)
      ? undefined
      : 'only cloud/ and tests see drivers'
  if (b.startsWith('kernel/') || b.startsWith('base/') || b.startsWith('admin/')) {
    if (doors.test(inside)) return undefined
    if (from.endsWith('.test.ts') || /(^|\/)testing(\/|\.ts$)/.test(from))
      return inside === 'service.ts' || inside.startsWith('host/role') || inside.startsWith('testing')
        ? undefined
        : 'tests enter a neighbour through its service, host role or testing'
    return `a neighbour is entered by client.ts, contract.ts or driver.ts`
  }
  return 'nothing imports this part'
}

/** Every import that the table forbids, in words. */
export function importProblems(root: string): string[] {
  const files = globSync('{eden,kernel,base,admin,drivers,cloud,acceptance,bench}/**/*.{ts,tsx}', { cwd: root })
  return files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].flatMap(([, target]) => {
      const to = relative('.', join(dirname(file), target!))
      const why = objection(file, to)
      return why ? [`${file} imports ${to}: ${why}`] : []
    }),
  )
}

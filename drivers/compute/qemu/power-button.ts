// Asks the guest's own system to shut down.
import type { QmpClient } from '../../qemu/qmp-client.ts'

const pressEveryMs = 5_000

/** Returns once the guest is down or `graceMs` is over; throws where QEMU ends or `signal` fires. */
export async function pressPowerButton(qmp: QmpClient, graceMs: number, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + graceMs
  for (let left = graceMs; left > 0; left = deadline - Date.now()) {
    const down = qmp.waitFor(({ event }) => event === 'SHUTDOWN', Math.min(left, pressEveryMs), signal)
    // A system that is still starting misses a press, so it is pressed again.
    const [pressed, isDown] = await Promise.allSettled([qmp.execute('system_powerdown'), down])
    if (pressed.status === 'rejected') throw pressed.reason
    if (isDown.status === 'rejected') throw isDown.reason
    if (isDown.value) return
  }
}

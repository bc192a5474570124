// The settings under which OpenStack's own test suite runs: short locks, many resources, imports from this machine.
export const conformanceSettings: Record<string, Record<string, unknown>> = {
  identity: {
    lockoutFailureAttempts: 2,
    lockoutDurationSeconds: 5,
    uniqueLastPasswordCount: 2,
    passwordCost: 10,
  },
  image: { importFromPrivateAddresses: true },
  compute: { quotaInstances: 100, quotaCores: 200, quotaRam: 512_000 },
  network: { quotaSecurityGroups: 100, quotaSecurityGroupRules: 1000, quotaRouters: 100 },
}

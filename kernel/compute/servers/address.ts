// Addresses in the one form in which they are kept.

/** `::babe:220.12.22.2` is `::babe:dc0c:1602`; the address must be valid. */
export const canonicalIpv6 = (address: string | null | undefined): string =>
  address ? new URL(`http://[${address}]`).hostname.slice(1, -1) : ''

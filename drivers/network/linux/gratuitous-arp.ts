// Tells the neighbours of an external network at once that an address has moved here.

/** One ARP announcement (RFC 5227, section 3): sender and target are the address itself. */
export function arpAnnouncement(mac: string, address: string): Buffer {
  const macBytes = mac.split(':').map((byte) => Number.parseInt(byte, 16))
  const addressBytes = address.split('.').map(Number)
  const everybody = [255, 255, 255, 255, 255, 255]
  const [arp, ethernet, ipv4, lengths, request] = [
    [8, 6],
    [0, 1],
    [8, 0],
    [6, 4],
    [0, 1],
  ] as const
  return Buffer.from([
    ...everybody,
    ...macBytes,
    ...arp,
    ...ethernet,
    ...ipv4,
    ...lengths,
    ...request,
    ...macBytes,
    ...addressBytes,
    ...everybody.map(() => 0),
    ...addressBytes,
  ])
}

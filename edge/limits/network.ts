/** The network of a client's address: an IPv6 subscriber holds 2^64 addresses, so limits count networks. Pure. */

/** Returns the key that limits count by: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(address = ''): string {
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::', 2);
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const behind = tail === undefined ? [] : groups(tail);
  const between =
    tail === undefined ? [] : Array<string>(Math.max(8 - groups(head).length - behind.length, 0)).fill('0');
  return [...groups(head), ...between, ...behind]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** The client of userstore. */
import { Mirror, type MirroredField, type MirrorOptions } from './mirror.js';
import { type ServiceClients, servicesOver } from './services.js';
import { type Connection, openTransport } from './transport.js';
import { Watch, type WatchOptions } from './watch.js';

/** Userstore as another service sees it. Every call throws UserstoreError. */
export interface Userstore extends ServiceClients {
  /** Watches events as they are written, over all reconnections. */
  watch(options?: WatchOptions): Watch;
  /** Holds the users of an organization in memory, and follows their changes. */
  mirror<Field extends MirroredField = MirroredField>(options: MirrorOptions<Field>): Mirror<Field>;
  /** Closes the connection. Close mirrors first. */
  close(): void;
}

/** Connects to userstore at the first call, and again whenever the connection is lost. */
export function connect(connection: Connection): Userstore {
  const transport = openTransport(connection);
  return {
    ...servicesOver(transport),
    watch: (options = {}) => new Watch(transport, options),
    mirror: (options) => new Mirror(transport, options),
    close: transport.close,
  };
}

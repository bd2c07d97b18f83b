/** What the driver says of each command that it sends: which, to which collection, and how it ended; never its content. */
import type { Connection, mongo } from 'mongoose';

/** Told when a command begins; what it returns is told when it ends, and whether it succeeded. */
export type CommandObserver = (command: string, collection: string) => (isOk: boolean) => void;

/** Commands that are not about the database's content. */
const IGNORED = new Set(['hello', 'ismaster', 'saslStart', 'saslContinue', 'endSessions', 'ping']);

/** Has the observer told of every command, if the connection was opened with `monitorCommands`. */
export function observeCommands(connection: Connection, observe: CommandObserver): void {
  const client = connection.getClient();
  // Whatever has begun ends, by failing if its connection breaks.
  const open = new Map<number, ReturnType<CommandObserver>>();

  client.on('commandStarted', (event) => {
    const { commandName, command } = event;
    if (IGNORED.has(commandName)) return;
    open.set(event.requestId, observe(commandName, collectionOf(commandName, command)));
  });
  const ended = ({ requestId }: mongo.CommandSucceededEvent | mongo.CommandFailedEvent, isOk: boolean) => {
    open.get(requestId)?.(isOk);
    open.delete(requestId);
  };
  client.on('commandSucceeded', (event) => ended(event, true));
  client.on('commandFailed', (event) => ended(event, false));
}

/** A getMore names the cursor first, and its collection aside. */
function collectionOf(commandName: string, command: mongo.Document): string {
  const target: unknown = commandName === 'getMore' ? command.collection : command[commandName];
  return typeof target === 'string' ? target : 'none';
}

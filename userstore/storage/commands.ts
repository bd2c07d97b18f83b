/** Observes the driver's commands: their names, collections and outcomes, never their content. */
import type { Connection, mongo } from 'mongoose';

/** Called when a command begins; the function that it returns is called when the command ends, with its success. */
export type CommandObserver = (command: string, collection: string) => (isOk: boolean) => void;

/** Commands that do not touch the data. */
const IGNORED = new Set(['hello', 'ismaster', 'saslStart', 'saslContinue', 'endSessions', 'ping']);
/** The collection of a change stream over a database: its commands wait for writes, which is no slowness. */
const CHANGE_STREAM = '$cmd.aggregate';

/** Calls the observer for every command of a connection that was opened with `monitorCommands`. */
export function observeCommands(connection: Connection, observe: CommandObserver): void {
  const client = connection.getClient();
  // The driver reports an end for every command: a failure if its connection breaks.
  const open = new Map<number, ReturnType<CommandObserver>>();

  client.on('commandStarted', (event) => {
    const { commandName, command } = event;
    if (IGNORED.has(commandName)) return;
    const collection = collectionOf(commandName, command);
    if (collection !== CHANGE_STREAM) open.set(event.requestId, observe(commandName, collection));
  });
  const ended = ({ requestId }: mongo.CommandSucceededEvent | mongo.CommandFailedEvent, isOk: boolean) => {
    open.get(requestId)?.(isOk);
    open.delete(requestId);
  };
  client.on('commandSucceeded', (event) => ended(event, true));
  client.on('commandFailed', (event) => ended(event, false));
}

/** Returns the collection of a command; a getMore names it in another field than the others. */
function collectionOf(commandName: string, command: mongo.Document): string {
  const target: unknown = commandName === 'getMore' ? command.collection : command[commandName];
  return typeof target === 'string' ? target : 'none';
}

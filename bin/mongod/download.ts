/** Separate process in which mongodb-memory-server downloads mongod into its cache. */
import { MongoBinary } from 'mongodb-memory-server';
import { messageOf, printError } from '../admin/printer.js';

try {
  await MongoBinary.getPath();
} catch (error) {
  printError(messageOf(error));
  process.exitCode = 1;
}

/** Separate process in which mongodb-memory-server downloads mongod into its cache. */
import { MongoBinary } from 'mongodb-memory-server';

try {
  await MongoBinary.getPath();
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

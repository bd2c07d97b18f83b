/** A process of its own: lets mongodb-memory-server fetch its mongod into its cache. */
import { MongoBinary } from 'mongodb-memory-server';

try {
  await MongoBinary.getPath();
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

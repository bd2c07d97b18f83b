/** The command `admin`, with which LeaseHawk support manages organizations, tokens, sign-in, users and groups. */
import { exitWithReader, printCrashes } from './admin/printer.js';
import { admin } from './admin/program.js';

printCrashes();
exitWithReader();
const status = await admin(process.argv.slice(2), process);
// A failed command may have left connections open.
if (status !== 0) process.exit(status);

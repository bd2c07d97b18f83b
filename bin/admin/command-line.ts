/** The command as a person types it where it runs, for hints. */
import { relative } from 'node:path';

/** "npm run admin --" if npm started the command; in a container, which has no compiler, "node dist/bin/admin.js". */
export const COMMAND: string =
  process.env.npm_lifecycle_event === 'admin'
    ? 'npm run admin --'
    : `node ${relative(process.cwd(), process.argv[1] ?? 'dist/bin/admin.js')}`;

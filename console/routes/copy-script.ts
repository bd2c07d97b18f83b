/** The script of copy buttons beside values that the console shows once. Without it, a click selects the whole value. */
import { copyScript } from '../../brand/copy-script.js';

/** The address of the script. */
export const COPY_FILE = '/copy.js';

/** The script. */
export const COPY_SCRIPT = copyScript({ values: '[data-copy]', named: 'copy', button: 'second' });

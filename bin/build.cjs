// The command `npm run build`, and the first step of the other commands. In the JavaScript that every Node.js parses, so
// that an old one gets a sentence instead of a syntax error.
'use strict';

require('./node-version.cjs');
require('./build/compile.cjs');

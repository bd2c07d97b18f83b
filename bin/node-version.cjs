// Ends the process with one sentence if this Node.js is too old. Every command runs it first, so it is written in the
// JavaScript that every Node.js parses.
'use strict';

var OLDEST = { major: 20, minor: 19 };
var parts = process.versions.node.split('.');
var major = Number(parts[0]);
var minor = Number(parts[1]);

var isOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
var needed = 'This project needs Node.js 20.19 or later (22 and 24 are recommended)';

if (isOld) {
  process.stderr.write(needed + ', and this is Node.js ' + process.versions.node + '.\n');
  process.exit(1);
}

/** Creates userstore's database user, which can read and write one database. mongosh runs it on a server without data. */
const { readFileSync } = require('node:fs');

const pwd = readFileSync('/run/secrets/mongodb_password', 'utf8').trim();
db.getSiblingDB('admin').createUser({ user: 'userstore', pwd, roles: [{ role: 'readWrite', db: 'leasehawk' }] });

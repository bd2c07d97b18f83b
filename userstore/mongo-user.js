/** Makes userstore's own user of the database, who may do no more than userstore does. For mongosh, on a server without data. */
const { readFileSync } = require('node:fs');

const pwd = readFileSync('/run/secrets/mongodb_password', 'utf8').trim();
db.getSiblingDB('admin').createUser({ user: 'userstore', pwd, roles: [{ role: 'readWrite', db: 'leasehawk' }] });

/** A billing service that knows within a second who has to be paid for: it prints who joined and who left. */
import { connect, fileStore } from '@leasehawk/userstore';

const {
  USERSTORE_ADDRESS = 'localhost:50051',
  USERSTORE_TOKEN,
  ORGANIZATION_ID = '',
  STATE = 'users.jsonl',
} = process.env;
const userstore = connect({ address: USERSTORE_ADDRESS, token: USERSTORE_TOKEN });

const mirror = userstore.mirror({
  organizationId: ORGANIZATION_ID,
  fields: ['userName', 'active'],
  // After a restart, the mirror goes on where it ended: who left meanwhile is printed, too.
  store: fileStore(STATE),
  onChange({ before, after }) {
    const [was, is] = [before?.active ?? false, after?.active ?? false];
    if (!was && is) console.log('joined', after?.userName);
    if (was && !is) console.log('left', before?.userName);
  },
});

await mirror.synced;
console.log('synced', [...mirror.users()].filter(({ active }) => active).length, 'active users');

process.once('SIGTERM', async () => {
  await mirror.close();
  userstore.close();
});

/** How users are shown. */
import type { User } from '../../proto/gen/userstore/v1/user.js';
import { namesOnRequest } from '../scim/extensions.js';
import { project } from '../scim/projection.js';
import { renderUser } from '../scim/user.js';
import type { Render } from './resources.js';

/** The JSON of users. */
export const renderUsers: Render<User> = (users, { caller, baseUrl, projection }) => {
  const onRequest = namesOnRequest(caller.settings);
  return users.map((user) => project(renderUser(user, baseUrl, caller.settings), projection, onRequest));
};

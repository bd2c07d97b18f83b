/** The environment variables of the command `okta`. */
import { z } from 'zod';

/** The variables. Their descriptions are those of the documentation. */
export const variables = z.object({
  SCIM_TOKEN: z
    .string()
    .optional()
    .meta({ description: 'API token, if it must not appear in the process list', secret: true }),
});

/** The configuration of the command `okta`, beside its options. */
import { z } from 'zod';

/** The variables; their descriptions are the README's. */
export const variables = z.object({
  SCIM_TOKEN: z
    .string()
    .optional()
    .meta({ description: 'the API token, where it should not stand in the process list', secret: true }),
});

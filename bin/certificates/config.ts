/** The environment variables of the command `certificates`. */
import { z } from 'zod';
import { variables as edgeVariables } from '../../edge/config.js';

const { DATA_DIR } = edgeVariables.shape;

/** The variables. Their descriptions are those of the documentation. */
export const variables = z.object({ DATA_DIR });

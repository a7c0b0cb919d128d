/** The checkpoint that comes with evom, wherever a command is called. */
import { join } from 'node:path';
import { packageRoot } from '../../config/load/find-file.ts';

export const ownPolicy = join(packageRoot, 'checkpoints', 'tiny');

/** `npm run evom -- ARGS`: builds if needed, then runs the command line in this process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildIfNeeded, root } from './build-if-needed.mjs';

buildIfNeeded();
await import(pathToFileURL(join(root, 'dist/cli/main.js')).href);

/** Where a worker thread finds its compiled entry. */
import { fileURLToPath } from 'node:url';

/**
 * Path of a worker's JavaScript, beside the caller in `dist/`.
 *
 * Workers load compiled code even when the caller runs from `src/` (tests): starting one through a loader takes 6 to 8
 * times as long, so the tests build first.
 *
 * @param callerUrl the caller's `import.meta.url`.
 * @param entry path relative to the caller, ending in `.js`.
 */
export function compiledEntry(callerUrl: string, entry: string): string {
  const path = fileURLToPath(new URL(entry, callerUrl));
  const marker = '/src/';
  const at = path.lastIndexOf(marker);
  return at === -1 || path.includes('/dist/') ? path : `${path.slice(0, at)}/dist/${path.slice(at + marker.length)}`;
}

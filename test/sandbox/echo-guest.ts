/** A guest without a solver: `require('echo')(text)` gives the text back, for tests of the sandbox alone. */
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const source = `
export async function createGuest(data) {
  return {
    backend: 'echo', solverVersion: '1',
    libraries: { echo: { source: '(module, call) => { module.exports = (text) => call("echo", text); }', named: [] } },
    begin: () => {
      let last = null;
      return {
        call: (method, payload) => {
          if (payload === 'kill') process.exit(9);
          if (payload === 'spin') for (;;);
          if (payload === 'fault') throw new Error('a fault of the host');
          last = payload;
          return payload + (data ?? '');
        },
        record: () => ({ status: last === null ? null : 'optimal', objective: last === null ? null : last.length, solution: null, model: null,
          solves: [], options: {}, message: null, wallLimited: false }),
      };
    },
    maintain: async () => {}, close: () => {},
  };
}`;

/** Writes the guest's module into a folder and gives its URL: workers load JavaScript. */
export function writeEchoGuest(directory: string): string {
  const path = `${directory}/echo-guest.mjs`;
  writeFileSync(path, source);
  return pathToFileURL(path).href;
}

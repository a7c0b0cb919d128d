/** The addresses that a file names, a line each. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFault } from '../file-fault.ts';
import { type Look, listed, type Reading } from './reading.ts';

/** Pause after which a text that has just changed must still be the same, milliseconds. */
const settleMs = 200;
/** Longest such pause for a text that may not be whole. */
const longestMs = 5000;

/**
 * A reader of one file. Whoever writes it need not do so at once: a text is taken when a second look finds it unchanged, and one that is
 * empty or ends in the middle of a line when it has been so for `patienceMs`, at most five seconds.
 *
 * @param shown the file as the user wrote it, for messages.
 */
export function fileReader(path: string, shown: string, patienceMs: number): Look {
  let taken: string | null = null;
  return async (signal) => {
    try {
      let text = await readFile(path, 'utf8');
      if (text !== taken) {
        const isWhole = text.endsWith('\n');
        await sleep(isWhole ? settleMs : Math.max(settleMs, Math.min(longestMs, patienceMs)), undefined, { signal });
        const again = await readFile(path, 'utf8');
        if (again !== text) return { type: 'unknown', why: `${shown} is being written` };
        text = again;
        taken = text;
      }
      return parseAddresses(text, shown);
    } catch (error) {
      return { type: 'unknown', why: readFault(shown, error).message };
    }
  };
}

/** An address a line; `#` begins a comment; `http://` may be left out. An address that is named twice counts once. */
export function parseAddresses(text: string, shown: string): Reading {
  const addresses: string[] = [];
  for (const [i, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const written = line
      .trim()
      .replace(/(?:^|\s)#.*$/, '')
      .trim();
    if (written === '') continue;
    const address = addressOf(written);
    if (address === null)
      return { type: 'faulty', why: `${shown}:${i + 1}: "${written}" is not an address such as http://10.0.0.7:8650; correct the line` };
    addresses.push(address);
  }
  return listed(addresses);
}

function addressOf(written: string): string | null {
  const text = /^[a-z]+:\/\//i.test(written) ? written : `http://${written}`;
  if (/\s/.test(text) || !URL.canParse(text)) return null;
  const { protocol, port, href, hostname } = new URL(text);
  if (!/^https?:$/.test(protocol) || hostname === '') return null;
  // Without a port a name that was cut off would pass for an address.
  if (port === '' && !/^https?:\/\/[^/]+:\d+/.test(text) && text !== written) return null;
  return href.replace(/\/+$/, '');
}

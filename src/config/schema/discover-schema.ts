/** `discover`: where solver hosts or model servers are looked up that may come and go. A text alone takes the defaults. */
import { z } from 'zod';
import { addressSource } from '../../lib/discover/address-source.ts';
import { positive } from './fields.ts';

/** What is wrong with a text, without the text, which the message names anyway; null when nothing is. */
function faultIn(text: string): string | null {
  try {
    addressSource(text);
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).replace(`"${text}" `, '');
  }
}

const from = z.string().refine((text) => faultIn(text) === null, { error: ({ input }) => faultIn(String(input)) ?? '' });

const settings = z.strictObject({
  from,
  every_s: positive().default(2).describe('From one look to the next.'),
  wait_s: positive().default(60).describe('In which an empty list must get an address; then the run ends.'),
});

const forms = 'dns://name:port, dns://_service._tcp.name or file:hosts.txt, or {from, every_s, wait_s} with such a text';

/** @param whose what the addresses are of, in the description. */
export const discover = (whose: string) =>
  z
    .union([from, settings, z.null()], { error: `must be ${forms}` })
    .transform((value) => (typeof value === 'string' ? settings.parse({ from: value }) : (value ?? undefined)))
    .optional()
    .describe(`Where ${whose} are looked up that may come and go while a run goes on: ${forms}; null: nowhere.`);

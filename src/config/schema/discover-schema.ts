/** `discover`: where solver hosts or model servers are looked up that may come and go. A text alone takes the defaults. */
import { z } from 'zod';
import { addressSource } from '../../lib/discover/address-source.ts';
import { positive } from './fields.ts';

const faultIn = (text: string): string | null => {
  try {
    addressSource(text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

const from = z.string().refine((text) => faultIn(text) === null);

const settings = z.strictObject({
  from,
  every_s: positive().default(2).describe('From one look to the next.'),
  wait_s: positive().default(60).describe('In which an empty list must get an address; then the run ends.'),
});

const forms = 'dns://name:port, dns://_service._tcp.name or file:hosts.txt, or {from, every_s, wait_s} with such a text';

/** What is wrong with a value, as far as its text is. */
function messageFor(value: unknown): string {
  const text = typeof value === 'string' ? value : (value as { readonly from?: unknown } | null)?.from;
  const fault = typeof text === 'string' ? faultIn(text) : null;
  return fault ?? `must be ${forms}`;
}

/** @param whose what the addresses are of, in the description. */
export const discover = (whose: string) =>
  z
    .union([from, settings, z.null()], { error: ({ input }) => messageFor(input) })
    .transform((value) => (typeof value === 'string' ? settings.parse({ from: value }) : (value ?? undefined)))
    .optional()
    .describe(`Where ${whose} are looked up that may come and go while a run goes on: ${forms}; null: nowhere.`);

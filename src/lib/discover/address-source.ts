/** Where a list of addresses that may change comes from, as a configuration names it: `dns://name:port`, or `file:hosts.txt`. */
import { fileURLToPath } from 'node:url';
import { EvomError } from '../errors.ts';

export type AddressSource =
  | {
      readonly type: 'dns';
      /** As it was written, for messages. */
      readonly text: string;
      readonly name: string;
      /** Of every address; null where SRV records say it. */
      readonly port: number | null;
      /** `IP:port` of the resolver to ask; null: those of this machine. */
      readonly server: string | null;
      readonly scheme: 'http' | 'https';
    }
  | { readonly type: 'file'; readonly text: string; readonly path: string };

/** Whether a text means a source rather than an address. */
export const isAddressSource = (text: string): boolean => /^(?:dns|file):/.test(text);

/**
 * Reads the name of a source.
 *
 * `dns://name:port` stands for the addresses of `name` (A records, AAAA where there are none), `dns://_service._proto.name` for its SRV records.
 * `?server=IP:port` names the resolver, `?scheme=https` how the addresses are asked. `file:hosts.txt` is a file with an address a line.
 *
 * @throws {EvomError} `E_CONFIG` for any other text.
 */
export function addressSource(text: string): AddressSource {
  if (text.startsWith('file:')) return fileSource(text);
  if (text.startsWith('dns:')) return dnsSource(text);
  throw refusal(text, `is not ${forms}`);
}

const forms = 'dns://name:port, dns://_service._tcp.name or file:hosts.txt';
const refusal = (text: string, what: string): EvomError => new EvomError('E_CONFIG', `"${text}" ${what}`);

function fileSource(text: string): AddressSource {
  const path = text.startsWith('file://') ? pathOfUrl(text) : text.slice('file:'.length);
  if (path === null || path.trim() === '') throw refusal(text, 'names no file of this machine; write it as file:hosts.txt');
  return { type: 'file', text, path };
}

function pathOfUrl(text: string): string | null {
  try {
    return fileURLToPath(text);
  } catch {
    return null;
  }
}

function dnsSource(text: string): AddressSource {
  const [, name, digits, query = ''] = /^dns:\/\/([\w.-]+)(?::(\d+))?\/?(?:\?(.*))?$/.exec(text) ?? [];
  if (name === undefined) throw refusal(text, `is not ${forms}`);
  const isService = name.startsWith('_');
  if (isService && digits !== undefined) throw refusal(text, 'names a service, and SRV records say its ports; leave the port out');
  if (!isService && digits === undefined) throw refusal(text, 'lacks a port; write it as dns://name:port');
  const port = digits === undefined ? null : Number(digits);
  if (port !== null && (port < 1 || port > 65_535)) throw refusal(text, 'has a port that is not between 1 and 65535');
  const asked = new URLSearchParams(query);
  const unknown = [...asked.keys()].find((key) => key !== 'server' && key !== 'scheme');
  if (unknown !== undefined) throw refusal(text, `says ${unknown}, and only server and scheme are known`);
  const scheme = asked.get('scheme') ?? 'http';
  if (scheme !== 'http' && scheme !== 'https') throw refusal(text, `has scheme ${scheme}; take http or https`);
  const server = asked.get('server');
  if (server !== null && !/^(?:[\d.]+|\[[\da-fA-F:]+\])(?::\d+)?$/.test(server))
    throw refusal(text, `has server ${server}; take an IP address, with a port where it is not 53: 127.0.0.1:5353`);
  return { type: 'dns', text, name, port, server, scheme };
}

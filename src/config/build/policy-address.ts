/** The address of a model server as a policy of chats: what `--policy http://...` stands for. */
import { EvomError } from '../../lib/errors.ts';
import { HttpFault, requestJson } from '../../lib/http.ts';
import type { Override } from '../load/overrides.ts';

export const isAddress = (text: string): boolean => /^https?:\/\//.test(text);

/**
 * `policy.type: chat` at an address such as `http://gpu1:8000` or `https://api.example.com/v1#big-1`: `/v1` is added where no path is given, and
 * the model behind `#`, where there is none the only one that `/models` lists.
 *
 * @param isNamed another flag names the model.
 * @throws {EvomError} `E_USAGE` for a server that does not say which model it has, or has several; `E_POLICY` for one that cannot be reached.
 */
export async function addressOverrides(text: string, flag: string, isNamed: boolean): Promise<Override[]> {
  if (!URL.canParse(text)) throw new EvomError('E_USAGE', `${flag} ${text} is not an address such as http://127.0.0.1:8000/v1`);
  const parsed = new URL(text);
  const model = decodeURIComponent(parsed.hash.slice(1));
  parsed.hash = '';
  if (parsed.pathname === '/') parsed.pathname = '/v1';
  const url = parsed.href.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
  const said = { flag: `${flag} ${text}` };
  return [
    { ...said, assignment: 'policy.type=chat' },
    { ...said, assignment: `policy.chat.url=${JSON.stringify(url)}` },
    ...(isNamed && model === ''
      ? []
      : [{ ...said, assignment: `policy.chat.model=${JSON.stringify(model || (await onlyModel(url, `${flag} ${text}`)))}` }]),
  ];
}

async function onlyModel(url: string, flag: string): Promise<string> {
  const advice = `name the model after the address, as in ${flag}#MODEL`;
  let listed: { readonly data?: readonly { readonly id?: unknown }[] } | null;
  try {
    listed = await requestJson(`${url}/models`, { timeoutMs: 30_000, code: 'E_POLICY' });
  } catch (error) {
    if (error instanceof HttpFault && error.failure !== 'unreachable' && (error.status ?? 0) < 500)
      throw new EvomError('E_USAGE', `${error.message}; ${advice}`, { cause: error });
    throw error;
  }
  const names = (listed?.data ?? []).flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new EvomError(
    'E_USAGE',
    names.length === 0
      ? `${url}/models lists no model; ${advice}`
      : `${url} has ${names.length} models (${names.slice(0, 6).join(', ')}); ${advice}`,
  );
}

/**
 * What runs inside the sandbox as npm `glpk.js` 5, with the solving done by the host. The function is handed over as text
 * (`glpkLibrarySource`), so it may use nothing from outside itself.
 */

type Constants = Readonly<Record<string, number>>;

/** The library's source as `GuestLibrary` takes it. */
export function glpkLibrarySource(constants: Constants): string {
  return `(module, call) => (${glpkLibrary.toString()})(module, call, ${JSON.stringify(constants)})`;
}

function glpkLibrary(module: { exports: unknown }, call: (method: string, payload: string) => string, constants: Constants): void {
  interface Answer {
    readonly result: object;
    readonly isMip: boolean;
  }
  interface Options {
    readonly cb?: { readonly call?: (result: object) => void };
  }
  const { parse, stringify } = JSON;
  const encode = (_key: string, value: unknown): unknown => (typeof value === 'number' && value - value !== 0 ? String(value) : value);
  // The package also takes a model as JSON text.
  const take = (lp: unknown): { readonly options?: unknown } => (typeof lp === 'string' ? parse(lp) : lp) as { readonly options?: unknown };
  const noDuals = (): never => {
    throw new Error('result.dual is not known: the backend gives none, or the model has no optimum');
  };

  const solve = (given: unknown, options?: unknown): object => {
    const lp = take(given);
    const asked = options ?? lp?.options;
    const settings = typeof asked === 'object' && asked !== null ? (asked as Options) : {};
    const { isMip, ...answer } = parse(call('solve', stringify([lp, settings], encode))) as Answer;
    // A backend that keeps dual values back must not look like a model without.
    if (!isMip && !('dual' in answer.result)) Object.defineProperty(answer.result, 'dual', { get: noDuals });
    // The package calls back at each iteration and, at the latest, with the end.
    if (!isMip && typeof settings.cb?.call === 'function') settings.cb.call(answer.result);
    return answer;
  };
  const write = (lp: unknown): string => parse(call('write', stringify([take(lp), {}], encode))) as string;
  const api = { ...constants, version: '5.0', solve, write, terminate: () => undefined };
  // A promise that also carries the interface: the package was synchronous in Node before, and programs are written either way.
  const GLPK = (): object => Object.assign(Promise.resolve(api), api);
  module.exports = Object.assign(GLPK, api, { default: GLPK });
}

/** A part that a user's own module makes: loaded by its path, and named by it when it fails. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EvomError } from './errors.ts';

/** Where a part is named and what it must be able to do. */
export interface PluginRequest {
  /** What names the module: a key of the configuration such as `policy.type`, or `solver backend`. */
  readonly key: string;
  /** A path, or a `file:` URL. */
  readonly path: string;
  /** Folder where a relative path begins; default the working directory. */
  readonly base?: string;
  /** Methods that the interface asks for. */
  readonly methods: readonly string[];
  /** Other properties that it asks for. */
  readonly properties?: readonly string[];
  /** By method: what is wrong with a value that it returned; null when nothing is. */
  readonly checks?: Readonly<Record<string, (result: unknown, args: readonly unknown[]) => string | null>>;
}

/**
 * Imports a module and calls its default export with `context`.
 *
 * The part is only checked for what it must have: the suites of `evom/testing` say what it has to do. Whatever its methods throw later, now
 * or in a promise, becomes an `EvomError` that names module and method and shows where it was thrown. An `EvomError` of its own, and the end
 * of an aborted call, pass as they are.
 *
 * @throws {EvomError} E_CONFIG when the file is missing, cannot be imported or has no default export, when the factory
 * throws, or when what it makes lacks a method; E_PLUGIN from the part's methods.
 */
export async function loadPlugin<Part extends object>(request: PluginRequest, context: Readonly<Record<string, unknown>>): Promise<Part> {
  const { key, methods, properties = [] } = request;
  const path = request.path.startsWith('file:') ? fileURLToPath(request.path) : resolve(request.base ?? process.cwd(), request.path);
  const fail = (message: string, cause?: unknown): EvomError =>
    new EvomError('E_CONFIG', `${key}: ${message}`, cause === undefined ? undefined : { cause });
  if (!existsSync(path)) throw fail(`no module ${path}; correct the path, which is looked up as given and beside the configuration file`);
  let factory: unknown;
  try {
    factory = ((await import(pathToFileURL(path).href)) as { default?: unknown }).default;
  } catch (cause) {
    throw fail(`${path} cannot be imported (${messageOf(cause)})${hintFor(path)}`, cause);
  }
  if (typeof factory !== 'function')
    throw fail(`${path} has no default export that is a function; write "export default async function (context) { return part; }"`);
  let part: unknown;
  try {
    part = await (factory as (given: typeof context) => unknown)(context);
  } catch (cause) {
    if (isOurs(cause)) throw cause;
    throw fail(`the default export of ${path} threw: ${described(cause)}`, cause);
  }
  const lacking = lackingIn(part, methods, properties);
  if (lacking.length > 0)
    throw fail(`what ${path} makes is incomplete: it lacks ${lacking.join(', ')}; it needs ${[...properties, ...methods].join(', ')}`);
  return withNamedFaults(part as Part, path, request);
}

function lackingIn(part: unknown, methods: readonly string[], properties: readonly string[]): string[] {
  const values = (typeof part === 'object' && part !== null ? part : {}) as Readonly<Record<string, unknown>>;
  return [
    ...properties.filter((name) => values[name] === undefined || values[name] === null),
    ...methods.filter((name) => typeof values[name] !== 'function'),
  ];
}

/** The part with each method's faults named; all else is read from the part itself. */
function withNamedFaults<Part extends object>(part: Part, path: string, { key, checks = {} }: PluginRequest): Part {
  const fault = (method: string, what: string, cause?: unknown): EvomError =>
    new EvomError('E_PLUGIN', `${key}: ${method}() of ${path} ${what}`, cause === undefined ? undefined : { cause });
  const named = (method: string, call: (...args: unknown[]) => unknown) => {
    const checked = (result: unknown, args: readonly unknown[]): unknown => {
      const wrong = checks[method]?.(result, args) ?? null;
      if (wrong !== null) throw fault(method, `returned ${wrong}`);
      return result;
    };
    const thrown = (cause: unknown, args: readonly unknown[]): unknown =>
      isOurs(cause) || isAborted(args) ? cause : fault(method, `threw ${described(cause)}`, cause);
    return (...args: unknown[]): unknown => {
      let result: unknown;
      try {
        result = call.apply(part, args);
      } catch (cause) {
        throw thrown(cause, args);
      }
      if (!(result instanceof Promise)) return checked(result, args);
      return result.then(
        (value: unknown) => checked(value, args),
        (cause: unknown) => {
          throw thrown(cause, args);
        },
      );
    };
  };
  const methods = new Map<unknown, unknown>();
  return new Proxy(part, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      if (!methods.has(value)) methods.set(value, named(name, value as (...args: unknown[]) => unknown));
      return methods.get(value);
    },
  });
}

/** Thrown on purpose, with a code and advice; a module may have its error class from another copy of this package. */
const isOurs = (error: unknown): boolean => error instanceof Error && error.name === 'EvomError';

const isAborted = (args: readonly unknown[]): boolean =>
  args.some((arg) => (arg as { readonly signal?: AbortSignal } | null | undefined)?.signal?.aborted === true);

const framesShown = 6;

/** Name and message, and below them the first places of the stack: text, because it has to pass between threads. */
function described(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line) && !line.includes('node:internal/'));
  const ours = frames.findIndex((line) => /\/lib\/plugin\.[jt]s/.test(line)); // from here on evom called it
  return [`${cause.name}: ${cause.message}`, ...frames.slice(0, ours === -1 ? framesShown : Math.min(ours, framesShown))].join('\n');
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';

/** Older Node cannot read TypeScript. */
const hintFor = (path: string): string => (path.endsWith('.ts') ? '; compile it to .js, or use a Node that runs TypeScript' : '');

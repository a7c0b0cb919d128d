/** A user's own policy or learner: a module named by its path, whose default export makes the part. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EvomError } from '../../lib/errors.ts';

/** Where a part is named and what it must be able to do. */
export interface ModuleRequest {
  /** Key of the configuration that names the module, e.g. `policy.type`. */
  readonly key: string;
  /** Absolute, as loaded configurations have it, or relative to `base`. */
  readonly path: string;
  /** Folder where a relative path begins; default the working directory. */
  readonly base?: string;
  /** Methods that the interface asks for. */
  readonly methods: readonly string[];
}

/**
 * Imports a module and calls its default export with `context`.
 *
 * The part is only checked for the methods it must have: its conformance suite in test/ says what they have to do.
 *
 * @throws {EvomError} E_CONFIG when the file is missing, cannot be imported or has no default export, when the factory
 * throws, or when what it makes lacks a method.
 */
export async function loadModule<Part extends object>(request: ModuleRequest, context: Readonly<Record<string, unknown>>): Promise<Part> {
  const { key, methods } = request;
  const path = resolve(request.base ?? process.cwd(), request.path);
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
    if (cause instanceof EvomError) throw cause;
    throw fail(`the default export of ${path} threw: ${messageOf(cause)}`, cause);
  }
  if (!isPart<Part>(part, methods)) throw fail(`what ${path} makes is incomplete; it needs the methods ${methods.join(', ')}`);
  return part;
}

const isPart = <Part extends object>(value: unknown, methods: readonly string[]): value is Part =>
  typeof value === 'object' && value !== null && methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).split('\n')[0] ?? '';

/** Older Node cannot read TypeScript. */
const hintFor = (path: string): string => (path.endsWith('.ts') ? '; compile it to .js, or use a Node that runs TypeScript' : '');

/** The kinds of value that configuration keys take, each with the words its error uses. */
import { z } from 'zod';
import { isModulePath } from './vocabulary.ts';

/** A whole number, at least `least`. */
export const whole = (least = 0) => z.int().min(least);
/** A number above 0. */
export const positive = () => z.number().gt(0);
/** A number, at least 0. */
export const nonNegative = () => z.number().min(0);
/** A number in [0, 1]. */
export const share = () => z.number().min(0).max(1);

/** One of the built-in names, or the path of the user's own module. */
export const named = <const Names extends readonly [string, ...string[]]>(names: Names) => {
  const error = `must be ${names.join(', ')} or the path of a module such as ./mine.js`;
  return z.union([z.enum(names), z.string().refine(isModulePath, { error })], { error });
};

/** `auto`, or a whole number of threads. */
export const threads = () => z.union([z.literal('auto'), whole(1)], { error: 'must be auto or a whole number of threads' });

/** A file or folder: looked up as given, then beside the configuration file, then in the package. */
export const path = () => z.string().min(1);

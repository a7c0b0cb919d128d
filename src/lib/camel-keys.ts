/** Keys as YAML has them -> keys as the code has them: `weight_decay` -> `weightDecay`. */

type Camel<Key> = Key extends `${infer First}_${infer Rest}` ? `${First}${Capitalize<Camel<Rest> & string>}` : Key;

/** The same values under camel-case keys; of a union each member by itself. */
export type CamelKeys<T> = T extends unknown ? { [K in keyof T as Camel<K>]: T[K] } : never;

/** Values are taken as they are: what is nested keeps its keys. */
export function camelKeys<T extends object>(config: T): CamelKeys<T> {
  const camel = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [camel(key), value])) as CamelKeys<T>;
}

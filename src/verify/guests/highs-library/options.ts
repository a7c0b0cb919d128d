/** Options of a model, and the information that a solve leaves. */
import type { LibraryBase } from './base.ts';
import type { HighsFacts, Metadata, OptionStore, RunWire } from './types.ts';

export interface LibraryOptions {
  /** Every listed option, in order. */
  readonly described: readonly { readonly name: string; readonly type: string }[];
  readonly Options: new () => OptionStore;
  information(result: RunWire | null, isMip: boolean): Record<string, readonly [type: string, value: number | bigint]>;
}

/** Handed over as text: it may use nothing from outside itself but what it is given. */
export function libraryOptions({ asNumber, constants, done, errors, failed, notKnown }: LibraryBase, facts: HighsFacts): LibraryOptions {
  const { HighsUnsupportedOptionError, HighsValidationError } = errors;
  const { modelStatus } = constants;
  const described = facts.options.map(([name, type, byDefault, minimum, maximum]) => ({
    name,
    type,
    default: asNumber(byDefault) as boolean | number | string,
    ...(type === 'integer' || type === 'double' ? { minimum: asNumber(minimum), maximum: asNumber(maximum) } : {}),
  }));
  const optionOf = new Map(described.map((option) => [option.name, option]));
  const oneShot = new Set(facts.oneShotOptions);

  class Options implements OptionStore {
    #values = new Map<string, boolean | number | string>();
    set(name: string | Record<string, boolean | number | string>, value?: boolean | number | string): Metadata {
      if (typeof name === 'object') {
        for (const [key, one] of Object.entries(name)) this.set(key, one);
        return done;
      }
      if (oneShot.has(name)) throw new HighsUnsupportedOptionError(name);
      const option = optionOf.get(name);
      const isNumeric = option?.type === 'integer' || option?.type === 'double';
      if (option === undefined || typeof value !== (isNumeric ? 'number' : option.type)) throw failed('setOptionValue');
      if (typeof value === 'number') {
        if (value - value !== 0) throw new HighsValidationError('option values must be finite numbers');
        if (option.type === 'integer' && value % 1 !== 0) throw failed('setOptionValue');
        if (value < (option.minimum ?? value) || value > (option.maximum ?? value)) throw failed('setOptionValue');
      }
      this.#values.set(name, value as boolean | number | string);
      return done;
    }
    get(name: string): boolean | number | string {
      const option = optionOf.get(name);
      if (option === undefined) throw failed('getOptionValue');
      return this.#values.get(name) ?? option.default;
    }
    describe(name: string): object {
      const { type, default: byDefault, minimum, maximum } = optionOf.get(name) ?? notKnown('getOptionValues');
      const limits = minimum === undefined ? {} : { minimum, maximum };
      return { name, type, current: this.get(name), default: byDefault, ...limits };
    }
    names(): string[] {
      return described.map((option) => option.name);
    }
    reset(): Metadata {
      this.#values.clear();
      return done;
    }
    read(text: string): Metadata {
      for (const line of String(text).split('\n')) {
        const [, name, value] = /^\s*([\w]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
        if (name === undefined || value === undefined) continue;
        const type = optionOf.get(name)?.type;
        this.set(name, type === 'string' ? value : type === 'boolean' ? value === 'true' : Number(value));
      }
      return done;
    }
    export(deviationsOnly = false): string {
      const wanted = deviationsOnly ? described.filter(({ name }) => this.#values.has(name)) : described;
      return wanted.map(({ name }) => `${name} = ${this.get(name)}\n`).join('');
    }
  }

  /** Counters are -1, HiGHS's own word for "not known": backends count differently, or not at all. */
  const information = (result: RunWire | null, isMip: boolean): Record<string, readonly [string, number | bigint]> => {
    const has = result !== null && result.values !== null;
    const optimal = result?.modelStatus === modelStatus.optimal;
    const count: readonly [string, number] = ['integer', -1];
    return {
      mip_node_count: ['int64', -1n],
      simplex_iteration_count: count,
      ipm_iteration_count: count,
      crossover_iteration_count: count,
      pdlp_iteration_count: count,
      qp_iteration_count: count,
      primal_solution_status: ['integer', has ? 2 : 0],
      dual_solution_status: ['integer', result?.duals ? 2 : 0],
      basis_validity: ['integer', 0],
      objective_function_value: ['double', result?.objective ?? 0],
      mip_dual_bound: ['double', isMip && optimal ? (result?.objective ?? 0) : 0],
      mip_gap: ['double', isMip && optimal ? 0 : Infinity],
      max_integrality_violation: ['double', has ? 0 : Infinity],
      num_primal_infeasibilities: ['integer', has ? 0 : -1],
      max_primal_infeasibility: ['double', has ? 0 : Infinity],
      sum_primal_infeasibilities: ['double', has ? 0 : Infinity],
    };
  };

  return { described, Options, information };
}

/**
 * The options of HiGHS 1.15 that a program may name. All but the time limit are taken and ignored: they change speed, or what counts
 * as solved, and a verdict must not depend on either.
 */

const int32 = 2_147_483_647;

export type HighsOption =
  | readonly [name: string, type: 'boolean' | 'string', byDefault: boolean | string]
  | readonly [name: string, type: 'integer' | 'double', byDefault: number, minimum: number, maximum: number];

/** Those that `model.options.names()` lists, in its order, as HiGHS describes them. */
export const highsOptions: readonly HighsOption[] = [
  ['presolve', 'string', 'choose'],
  ['solver', 'string', 'choose'],
  ['run_crossover', 'string', 'on'],
  ['time_limit', 'double', Infinity, 0, Infinity],
  ['ranging', 'string', 'off'],
  ['infinite_cost', 'double', 1e20, 1e15, Infinity],
  ['infinite_bound', 'double', 1e20, 1e15, Infinity],
  ['small_matrix_value', 'double', 1e-9, 1e-12, Infinity],
  ['large_matrix_value', 'double', 1e15, 1, Infinity],
  ['kkt_tolerance', 'double', 1e-7, 1e-10, Infinity],
  ['primal_feasibility_tolerance', 'double', 1e-7, 1e-10, Infinity],
  ['dual_feasibility_tolerance', 'double', 1e-7, 1e-10, Infinity],
  ['primal_residual_tolerance', 'double', 1e-7, 1e-10, Infinity],
  ['dual_residual_tolerance', 'double', 1e-7, 1e-10, Infinity],
  ['optimality_tolerance', 'double', 1e-7, 1e-10, Infinity],
  ['objective_bound', 'double', Infinity, -Infinity, Infinity],
  ['objective_target', 'double', -Infinity, -Infinity, Infinity],
  ['random_seed', 'integer', 0, 0, int32],
  ['user_objective_scale', 'integer', 0, -int32, int32],
  ['user_bound_scale', 'integer', 0, -int32, int32],
  ['highs_debug_level', 'integer', 0, 0, 3],
  ['highs_analysis_level', 'integer', 0, 0, 511],
  ['simplex_strategy', 'integer', 1, 0, 4],
  ['simplex_scale_strategy', 'integer', 2, 0, 4],
  ['simplex_crash_strategy', 'integer', 0, 0, 9],
  ['simplex_dual_edge_weight_strategy', 'integer', -1, -1, 2],
  ['simplex_primal_edge_weight_strategy', 'integer', -1, -1, 2],
  ['simplex_iteration_limit', 'integer', int32, 0, int32],
  ['simplex_update_limit', 'integer', 5000, 0, int32],
  ['output_flag', 'boolean', true],
  ['log_to_console', 'boolean', true],
  ['timeless_log', 'boolean', false],
  ['write_solution_style', 'integer', 0, -1, 4],
  ['glpsol_cost_row_location', 'integer', 0, -2, int32],
  ['icrash', 'boolean', false],
  ['icrash_dualize', 'boolean', false],
  ['icrash_strategy', 'string', 'ICA'],
  ['icrash_starting_weight', 'double', 0.001, 1e-10, 1e50],
  ['icrash_iterations', 'integer', 30, 0, 200],
  ['icrash_approx_iter', 'integer', 50, 0, 100],
  ['icrash_exact', 'boolean', false],
  ['icrash_breakpoints', 'boolean', false],
  ['mip_detect_symmetry', 'boolean', true],
  ['mip_allow_restart', 'boolean', true],
  ['mip_max_nodes', 'integer', int32, 0, int32],
  ['mip_max_stall_nodes', 'integer', int32, 0, int32],
  ['mip_max_start_nodes', 'integer', 500, 0, int32],
  ['mip_improving_solution_save', 'boolean', false],
  ['mip_improving_solution_report_sparse', 'boolean', false],
  ['mip_root_presolve_only', 'boolean', false],
  ['mip_lifting_for_probing', 'integer', -1, -1, int32],
  ['mip_max_leaves', 'integer', int32, 0, int32],
  ['mip_max_improving_sols', 'integer', int32, 1, int32],
  ['mip_lp_age_limit', 'integer', 10, 0, 32767],
  ['mip_pool_age_limit', 'integer', 30, 0, 1000],
  ['mip_pool_soft_limit', 'integer', 10000, 1, int32],
  ['mip_pscost_minreliable', 'integer', 8, 0, int32],
  ['mip_report_level', 'integer', 1, 0, 2],
  ['mip_feasibility_tolerance', 'double', 1e-6, 1e-10, Infinity],
  ['mip_heuristic_effort', 'double', 0.05, 0, 1],
  ['mip_heuristic_run_feasibility_jump', 'boolean', true],
  ['mip_heuristic_run_rins', 'boolean', true],
  ['mip_heuristic_run_rens', 'boolean', true],
  ['mip_heuristic_run_root_reduced_cost', 'boolean', true],
  ['mip_heuristic_run_zi_round', 'boolean', false],
  ['mip_heuristic_run_shifting', 'boolean', false],
  ['mip_allow_cut_separation_at_nodes', 'boolean', true],
  ['mip_rel_gap', 'double', 0.0001, 0, Infinity],
  ['mip_abs_gap', 'double', 1e-6, 0, Infinity],
  ['mip_min_logging_interval', 'double', 5, 0, Infinity],
  ['mip_lp_solver', 'string', 'choose'],
  ['mip_ipm_solver', 'string', 'choose'],
  ['ipm_optimality_tolerance', 'double', 1e-8, 1e-12, Infinity],
  ['ipm_iteration_limit', 'integer', int32, 0, int32],
  ['hipo_system', 'string', 'choose'],
  ['hipo_ordering', 'string', 'choose'],
  ['hipo_block_size', 'integer', 128, 0, int32],
  ['pdlp_iteration_limit', 'integer', int32, 0, int32],
  ['pdlp_scaling_mode', 'integer', 5, 0, 7],
  ['pdlp_ruiz_iterations', 'integer', 10, 0, int32],
  ['pdlp_restart_strategy', 'integer', 2, 0, 3],
  ['pdlp_cupdlpc_restart_method', 'integer', 1, 0, 2],
  ['pdlp_step_size_strategy', 'integer', 1, 0, 3],
  ['pdlp_optimality_tolerance', 'double', 1e-7, 1e-10, Infinity],
  ['qp_allow_hot_start', 'boolean', false],
  ['qp_iteration_limit', 'integer', int32, 0, int32],
  ['qp_nullspace_limit', 'integer', 4000, 0, int32],
  ['qp_regularization_value', 'double', 1e-7, 0, Infinity],
  ['iis_strategy', 'integer', 0, 0, 31],
  ['iis_time_limit', 'double', Infinity, 0, Infinity],
  ['blend_multi_objectives', 'boolean', true],
];

/** Taken by name, but listed nowhere. */
const unlisted: Readonly<Record<'boolean' | 'number', string>> = {
  boolean:
    'allow_unbounded_or_infeasible use_implied_bounds_from_presolve less_infeasible_DSE_check less_infeasible_DSE_choose_row use_original_HFactor_logic no_unnecessary_rebuild_refactor run_centring use_warm_start',
  number:
    'simplex_price_strategy ipx_dualize_strategy log_dev_level allowed_matrix_scale_factor allowed_cost_scale_factor presolve_substitution_maxfillin presolve_reduction_limit presolve_rule_off restart_presolve_reduction_limit keep_n_rows factor_pivot_threshold factor_pivot_tolerance start_crossover_tolerance',
};

/** Files and threads: `highs.solve` takes these, persistent models refuse them. */
export const oneShotOptions: Readonly<Record<'string' | 'boolean' | 'number', string>> = {
  string: 'parallel solution_file log_file write_model_file write_presolved_model_file mip_improving_solution_file',
  boolean: 'write_solution_to_file write_model_to_file write_presolved_model_to_file',
  number: 'threads simplex_min_concurrency simplex_max_concurrency mip_min_cliquetable_entries_for_parallelism',
};

const named = (lists: Readonly<Record<string, string>>): (readonly [string, string])[] =>
  Object.entries(lists).flatMap(([type, names]) => names.split(' ').map((name) => [name, type] as const));

/** JavaScript type of each option that `highs.solve` takes, by name. */
export const highsOptionTypes: ReadonlyMap<string, string> = new Map([
  ...highsOptions.map(([name, type]) => [name, type === 'integer' || type === 'double' ? 'number' : type] as const),
  ...named(unlisted),
  ...named(oneShotOptions),
]);

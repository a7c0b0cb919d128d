/** Options of HiGHS 1.15 that a program may name. All but the time limit are taken and ignored: they change speed, not answers. */

const texts =
  'presolve solver parallel run_crossover ranging solution_file log_file icrash_strategy write_model_file write_presolved_model_file mip_improving_solution_file';
const flags =
  'output_flag log_to_console write_solution_to_file icrash icrash_exact icrash_dualize icrash_breakpoints write_model_to_file write_presolved_model_to_file timeless_log mip_detect_symmetry mip_allow_restart mip_improving_solution_save mip_improving_solution_report_sparse mip_heuristic_run_feasibility_jump mip_heuristic_run_rins mip_heuristic_run_rens mip_heuristic_run_root_reduced_cost mip_heuristic_run_zi_round mip_heuristic_run_shifting mip_allow_cut_separation_at_nodes allow_unbounded_or_infeasible use_implied_bounds_from_presolve less_infeasible_DSE_check less_infeasible_DSE_choose_row use_original_HFactor_logic no_unnecessary_rebuild_refactor run_centring use_warm_start blend_multi_objectives';
const numbers =
  'time_limit threads random_seed infinite_cost infinite_bound small_matrix_value large_matrix_value kkt_tolerance primal_feasibility_tolerance dual_feasibility_tolerance primal_residual_tolerance dual_residual_tolerance optimality_tolerance ipm_optimality_tolerance pdlp_optimality_tolerance objective_bound objective_target user_bound_scale user_cost_scale user_objective_scale highs_debug_level highs_analysis_level simplex_strategy simplex_scale_strategy simplex_crash_strategy simplex_dual_edge_weight_strategy simplex_primal_edge_weight_strategy simplex_price_strategy simplex_iteration_limit simplex_update_limit simplex_min_concurrency simplex_max_concurrency write_solution_style glpsol_cost_row_location icrash_starting_weight icrash_iterations icrash_approx_iter mip_max_nodes mip_max_stall_nodes mip_max_start_nodes mip_max_leaves mip_max_improving_sols mip_lp_age_limit mip_pool_age_limit mip_pool_soft_limit mip_pscost_minreliable mip_min_cliquetable_entries_for_parallelism mip_report_level mip_feasibility_tolerance mip_heuristic_effort mip_rel_gap mip_abs_gap mip_abs_gap_tolerance mip_min_logging_interval ipm_iteration_limit ipx_dualize_strategy pdlp_iteration_limit pdlp_scaling_mode pdlp_restart_strategy pdlp_cupdlpc_restart_method qp_iteration_limit qp_nullspace_limit qp_regularization_value iis_strategy log_dev_level allowed_matrix_scale_factor allowed_cost_scale_factor presolve_substitution_maxfillin presolve_reduction_limit presolve_rule_off restart_presolve_reduction_limit keep_n_rows factor_pivot_threshold factor_pivot_tolerance start_crossover_tolerance';

/** Type of each option by name. */
export const highsOptionTypes: ReadonlyMap<string, 'string' | 'boolean' | 'number'> = new Map([
  ...texts.split(' ').map((name) => [name, 'string'] as const),
  ...flags.split(' ').map((name) => [name, 'boolean'] as const),
  ...numbers.split(' ').map((name) => [name, 'number'] as const),
]);

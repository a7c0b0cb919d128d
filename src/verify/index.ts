/** `evom/verify`: programs executed in the sandbox, and evidence about their outcomes. */

export { defaultLimits, resolveLimits, type SandboxLimits } from '../sandbox/limits.ts';
export { noProgramOutcome } from './completion-outcome.ts';
export {
  type Auditor,
  type AuditorOptions,
  type AuditorStats,
  createAuditor,
  type Judged,
  type Judged as AuditInput,
} from './evidence/auditor.ts';
export { hasSolution, hasVerdict, solverFeedback } from './feedback.ts';
export { createVerifier, type Verifier, type VerifierOptions, type VerifierStats } from './verifier.ts';

export interface VllmServer {
  readonly url: string;
  readonly port: number;
  /** File with what it printed. */
  readonly log: string;
  readonly version: string;
  /** Ends it as kill -9 does. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}
export function startVllm(
  program: string,
  model: string,
  flags: readonly string[],
  options?: { readonly port?: number; readonly dtype?: string; readonly waitS?: number },
): Promise<VllmServer>;
export function writeScaled(model: string, to: string, factor: number): Promise<void>;
export function writeAdapter(model: string, to: string, rank: number, scale?: number): Promise<void>;

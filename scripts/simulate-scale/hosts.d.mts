export interface Simulated {
  readonly seconds: number;
  readonly done: number;
  readonly programsPerSecond: number;
  readonly waitMean: number;
  readonly waitP95: number;
  readonly slotsBusy: number;
  readonly coresBusy: number;
  readonly clientBusy: number;
  readonly licencesMost: number;
}
export function simulateHosts(options: {
  readonly programs: readonly { readonly arrives: number; readonly waits: number; readonly works: number }[];
  readonly hosts: number;
  readonly slots: number;
  readonly machine: { readonly cores: number; readonly others?: number };
  readonly areTogether?: boolean;
  readonly nodeS?: number;
  readonly clientS?: number;
  readonly networkS?: number;
  readonly batch?: number;
  readonly licences?: number;
}): Simulated;

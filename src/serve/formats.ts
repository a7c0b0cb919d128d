/** The wire formats that a server speaks: one line each. */
import type { Format, ServeParts } from './format.ts';
import { nemoGymFormat } from './formats/nemo-gym.ts';
import { openEnvFormat } from './formats/openenv.ts';
import { openRlhfFormat } from './formats/openrlhf.ts';
import { orsFormat } from './formats/ors.ts';
import { sandboxFusionFormat } from './formats/sandbox-fusion.ts';
import { scoreFormat } from './formats/score.ts';
import { slimeFormat } from './formats/slime.ts';
import { tasksFormat } from './formats/tasks.ts';

/** Where two formats ask for one path, the earlier answers. */
export const formats: readonly ((parts: ServeParts) => Format)[] = [
  scoreFormat,
  openEnvFormat,
  tasksFormat,
  orsFormat,
  nemoGymFormat,
  openRlhfFormat,
  slimeFormat,
  sandboxFusionFormat,
];

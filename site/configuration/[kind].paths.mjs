/** The pages of the configuration's keys, made of the JSON Schema that `evom schema` prints. */
import { configJsonSchema } from '../../dist/config/schema/schema.js';
import { configurationPage } from './page.mjs';

const titles = { train: 'Every key of a training run', sft: 'Every key of supervised training' };

export default {
  paths() {
    return configJsonSchema().oneOf.map((schema) => {
      const kind = schema.properties.kind.const;
      return { params: { kind, title: titles[kind] ?? schema.title }, content: configurationPage(schema) };
    });
  },
};

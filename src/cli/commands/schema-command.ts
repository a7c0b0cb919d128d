/** `evom schema`: JSON Schema of a configuration file, for editors and other checkers. */
import type { Argv } from 'yargs';
import type { Choose } from '../arguments.ts';

export function schemaCommand(cli: Argv, choose: Choose): Argv {
  return cli.command(
    'schema',
    'print the JSON Schema of a configuration file',
    (command) =>
      command
        .example('$0 schema > schema.json', 'for completion in editors')
        .epilogue('A file that begins with "# yaml-language-server: $schema=schema.json" is then checked while you type.'),
    () =>
      choose('end', async ({ io }) => {
        const { configJsonSchema } = await import('../../config/schema/schema.ts');
        io.stdout(`${JSON.stringify(configJsonSchema(), null, 2)}\n`);
        return 0;
      }),
  );
}

import { z } from 'zod';
import { type CrossFieldRule, checkRules } from '../rules.ts';

const Args = z
  .array(z.string().max(8192))
  .max(256)
  .default([])
  .meta({ description: 'Arguments, one item each; no shell reads them.' });

/** An exact version: what was approved is what runs. */
const ExactVersion = z
  .string()
  .max(128)
  .regex(/^[0-9][0-9A-Za-z.+!-]*$/, { error: 'must be one exact version such as `1.4.2`, not a range or a tag' })
  .meta({ description: 'One exact version: what was approved is what runs.' });

const NpmSource = z.strictObject({
  package: z
    .string()
    .max(214)
    .regex(/^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/, { error: 'must be an npm package name' })
    .meta({ description: 'Name of the npm package.' }),
  version: ExactVersion,
  bin: z
    .string()
    .regex(/^[\w.-]+$/, { error: 'must be the name of a command of the package' })
    .optional()
    .meta({
      description: 'Which command of the package; its only one, or the one named like the package, when absent.',
    }),
  integrity: z
    .string()
    .regex(/^sha(256|384|512)-[A-Za-z0-9+/]+={0,2}$/, { error: 'must be a digest such as `sha512-…`' })
    .optional()
    .meta({ description: "Digest of the package as npm's lockfiles have it; nothing runs when it is another." }),
  args: Args,
});

const PypiSource = z.strictObject({
  package: z
    .string()
    .max(214)
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/, { error: 'must be a PyPI package name' })
    .meta({ description: 'Name of the PyPI package.' }),
  version: ExactVersion,
  command: z
    .string()
    .regex(/^[\w.-]+$/, { error: 'must be the name of a console script of the package' })
    .optional()
    .meta({ description: 'Which console script; the one named like the package when absent.' }),
  hash: z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, { error: 'must be a digest such as `sha256:…`' })
    .optional()
    .meta({
      description: 'Digest of the file that is installed, as the index has it; nothing runs when it is another.',
    }),
  args: Args,
});

const CommandSource = z.strictObject({
  command: z.string().min(1).meta({ description: 'Program to run: a path, or a name looked up in PATH.' }),
  args: Args,
  cwd: z.string().optional().meta({ description: 'Working folder; a folder of its own when absent.' }),
});

const SourceFields = z.strictObject({
  image: z.string().min(1).optional().meta({ description: 'Container image.' }),
  npm: NpmSource.optional().meta({ description: 'Package of the npm registry.' }),
  pypi: PypiSource.optional().meta({ description: 'Package of the Python package index.' }),
  command: CommandSource.optional().meta({ description: 'Program that is already installed.' }),
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: 'MCP endpoint of a server that runs elsewhere.' }),
});

type SourceFields = z.infer<typeof SourceFields>;

export const SOURCE_KINDS = ['image', 'npm', 'pypi', 'command', 'url'] as const;

export const SOURCE_RULES: readonly CrossFieldRule<SourceFields>[] = [
  {
    id: 'one-source',
    path: [],
    cel: '[has(self.image), has(self.npm), has(self.pypi), has(self.command), has(self.url)].filter(x, x).size() == 1',
    message: 'exactly one of `image`, `npm`, `pypi`, `command` and `url` is needed',
    holds: (source) => SOURCE_KINDS.filter((kind) => source[kind] !== undefined).length === 1,
  },
];

export const Source = SourceFields.superRefine(checkRules(SOURCE_RULES)).meta({
  description: 'What to run. Exactly one of `image`, `npm`, `pypi`, `command`, `url`.',
});

export type Source = z.infer<typeof Source>;

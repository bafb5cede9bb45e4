import { AppError, RUNNER, RunnerInstructions } from '@mcp-runtime/api';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the operator wrote into the environment of the pod. */
export function readInstructions(env: Environment): RunnerInstructions {
  const text = env[RUNNER.instructions];
  if (text === undefined) throw invalid('is not set');
  const { data, error } = RunnerInstructions.safeParse(jsonOf(text));
  const [issue] = error?.issues ?? [];
  if (data === undefined) throw invalid(`${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not valid'}`);
  return data;
}

/** Variables of the server, and, beside them, those of everything else that runs in the container. */
export function splitEnvironment(env: Environment): {
  readonly server: Readonly<Record<string, string>>;
  readonly container: Readonly<Record<string, string>>;
} {
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const isServers = (name: string): boolean => name.startsWith(RUNNER.serverVariable);
  const servers = set.filter(([name]) => isServers(name));
  return {
    server: Object.fromEntries(servers.map(([name, value]) => [name.slice(RUNNER.serverVariable.length), value])),
    container: Object.fromEntries(set.filter(([name]) => !isServers(name) && name !== RUNNER.instructions)),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid('is not JSON');
  }
}

function invalid(what: string): AppError {
  return new AppError('invalid_config', `${RUNNER.instructions}: ${what}`, {
    next: 'run it in a pod that the operator made: it sets the variable',
  });
}

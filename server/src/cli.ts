// The command line: reads arguments, picks a command, sets the exit code. It holds no analysis.
import nodeModule from 'node:module';
import { parseArguments, usage } from './commands/arguments.ts';
import { runCheck } from './commands/check.ts';
import { describeError } from './commands/failure.ts';
import { version } from './version.ts';

// A third of a start is compiling the parser; Node 22 keeps what it has compiled. Older ones cannot.
nodeModule.enableCompileCache?.();

// A reader that has seen enough (`| head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', error => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit();
    throw error;
  });
}

main(process.argv.slice(2)).then(
  code => {
    // Not exit(): a large report may still be on its way through a pipe.
    process.exitCode = code;
  },
  error => {
    process.stderr.write(`loopbound: ${describeError(error)}\n`);
    process.exitCode = 2;
  },
);

/** Editors that start `loopbound lsp` without a transport mean the plain one. */
const defaultToStdio = process.argv.every(word => !/^--(?:stdio|node-ipc|socket|pipe)/.test(word));

async function main(args: readonly string[]): Promise<number> {
  const command = parseArguments(args);
  switch (command.do) {
    case 'help':
      process.stdout.write(usage);
      return 0;
    case 'version':
      process.stdout.write(`${version}\n`);
      return 0;
    case 'wrong':
      process.stderr.write(`loopbound: ${command.message}\nTry loopbound --help.\n`);
      return 2;
    case 'check':
      return runCheck(command);
    case 'graph':
      return (await import('./commands/graph.ts')).runGraph(command);
    case 'watch':
      return (await import('./commands/watch.ts')).runWatch(command);
    case 'mcp':
      return (await import('./commands/mcp.ts')).runMcp();
    case 'runs':
      return (await import('./commands/runs.ts')).runRuns(command);
    case 'calibrate':
      return (await import('./commands/calibrate.ts')).runCalibrate(command);
    case 'replay':
      return (await import('./commands/replay.ts')).runReplay(command);
    case 'lsp':
      (await import('./start.ts')).startServer(defaultToStdio);
      // The connection ends the process.
      return new Promise(() => undefined);
  }
}

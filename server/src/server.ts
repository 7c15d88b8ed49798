// Entry of the language server: over --stdio, --node-ipc, --socket or --pipe, as the client starts it.
import nodeModule from 'node:module';
import { startServer } from './start.ts';

// What the first start has compiled, later ones take over, where Node can keep it.
nodeModule.enableCompileCache?.();
startServer();

// Entry of the language server: over --stdio, --node-ipc, --socket or --pipe, as the client starts it.
import { startServer } from './start.ts';

startServer();

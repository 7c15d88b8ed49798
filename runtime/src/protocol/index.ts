// The wire protocol: types, sizes, validators and the fold. Runs in browsers, Node and webviews; zero dependencies.

export * from './event.ts';
export { emptyModel, fold } from './fold.ts';
export * from './limits.ts';
export * from './message.ts';
export * from './model.ts';
export {
  parseAgentMessage,
  parseControlAction,
  parseHello,
  parseHubToAgent,
  parseTrip,
  parseViewerMessage,
} from './parse.ts';
export type { Parsed } from './read.ts';
export * from './trip.ts';

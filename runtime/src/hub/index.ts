// The hub, for hosts that watch agents: the VS Code extension host and `loopbound watch`.

export { type Hub, type HubListener, type HubLog, type HubOptions, startHub } from './hub.ts';
export { type Page, type PageAsset, type PageOptions, SESSION_PATH } from './page.ts';

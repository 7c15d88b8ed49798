// The version and the sizes of the wire protocol. Every peer, in any language, holds the same numbers.
// Knows nothing of sockets, files or the guard.

/** Version of the protocol. A peer that says another number is refused with `version`. */
export const PROTOCOL_VERSION = 1;

/** Websocket subprotocol that agents and viewers ask for and that the hub answers with. */
export const SUBPROTOCOL = 'loopbound.v1';

/** Prefix of the second subprotocol, which carries the token for clients that cannot set headers. Never echoed. */
export const TOKEN_SUBPROTOCOL_PREFIX = 'loopbound-token.';

/** Environment variable with the hub's websocket URL, `ws://127.0.0.1:PORT`. */
export const ENV_HUB = 'LOOPBOUND_HUB';

/** Environment variable with the hub's token. */
export const ENV_TOKEN = 'LOOPBOUND_TOKEN';

/** Environment variable with the folder of journals, where hub and agents meet even if they never meet on the wire. */
export const ENV_STATE = 'LOOPBOUND_STATE';

/** Sizes. Characters are UTF-16 code units; text beyond its limit is cut, lists beyond theirs are refused. */
export const LIMITS = {
  /** Bytes of one websocket message from an agent or a viewer. */
  frameBytes: 256 * 1024,
  /** Events in one `events` message. */
  eventsPerMessage: 512,
  /** Trips in one `trips` message. */
  tripsPerMessage: 32,
  /** Runs that a `hello` may resume. */
  runsPerHello: 128,
  /** Characters of a name: step, tool, model, guard, route, app, user. */
  name: 200,
  /** Characters of an id. */
  id: 64,
  /** Characters of a digest. */
  digest: 64,
  /** Characters of a message for people. */
  message: 2_000,
  /** Characters of a file path. */
  path: 1_024,
  /** Characters of one call's raw arguments, sent only when the user opted in. */
  args: 2_000,
  /** Matched calls in a trip's evidence. */
  calls: 64,
  /** Entries of a pattern, of counts and of routes in a trip's evidence. */
  entries: 64,
} as const;

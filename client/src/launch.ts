// What a launch configuration becomes when the hub listens. Pure: the user's own variables always win.

/** A launch configuration with the hub's variables added where the user set none. Attaching changes nothing. */
export const withHub = <C extends { request?: string; env?: unknown }>(
  configuration: C,
  variables: Readonly<Record<string, string>> | undefined,
): C => {
  if (!variables || configuration.request === 'attach') return configuration;
  const own = typeof configuration.env === 'object' && configuration.env !== null ? configuration.env : {};
  return { ...configuration, env: { ...variables, ...own } };
};

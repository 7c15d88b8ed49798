// Loaded in front of a measured process: leaves behind what it used of the processor and the memory when it ends.
const { writeFileSync } = require('node:fs');

process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(
    process.env.LOOPBOUND_USAGE,
    JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1_000, peak: maxRSS / 1_024 }),
  );
});

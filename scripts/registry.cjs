const { spawnSync } = require('node:child_process')

/** Why third-party packages cannot be had from the registry that this machine's npm is configured with, or undefined. */
exports.whyNoRegistry = () => {
  const args = ['view', 'kafkajs', 'version', '--fetch-retries=0', '--fetch-timeout=15000', '--prefer-online']
  const { status, error } = spawnSync('npm', args, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
  if (error) return `npm cannot be run (${error.message})`
  return status === 0 ? undefined : "the registry of this machine's npm cannot be reached"
}

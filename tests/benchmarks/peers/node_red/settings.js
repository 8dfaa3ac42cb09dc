// Node-RED without its editor, at PORT of this machine, with its user folder in USER_DIR.
// flows.json takes the URL of each destination from the environment too: META, GA4, WAREHOUSE.

module.exports = {
  uiHost: '127.0.0.1',
  uiPort: process.env.PORT,
  userDir: process.env.USER_DIR,
  flowFile: `${__dirname}/flows.json`,
  httpAdminRoot: false,
  httpRequestTimeout: 10000,
  credentialSecret: false,
  diagnostics: { enabled: false },
  telemetry: { enabled: false },
  externalModules: { autoInstall: false, palette: { allowInstall: false } },
  logging: { console: { level: 'warn' } }
}

// Explains what to do if the Node from devDependencies is not on PATH. Plain JavaScript, so that any Node can run it.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(`modelwright needs Node 22.19 or newer; this is ${process.version}.

\`npm ci\` brings Node 24 for the scripts of this repository (devDependency "node"). It is missing. Likely reasons:
  - nothing is installed yet:              npm ci
  - install scripts are switched off:      npm ci --ignore-scripts=false
  - only production dependencies came:     NODE_ENV=development npm ci
  - the script was started without npm:    npm run demo, npm test
Or install Node 22.19+ yourself and try again.`);
  process.exit(1);
}

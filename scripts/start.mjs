/** `npm start`: builds if needed, then trains by configs/quickstart.yaml. Further arguments go to `evom train`. */
process.argv.splice(2, 0, 'train', '--config', 'quickstart.yaml');
await import('./evom.mjs');

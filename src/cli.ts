#!/usr/bin/env node
import { renderedHelp } from './help.js';

// Most of the time that a short command takes is the loading of what parses its arguments.
const help = process.argv.length === 3 && process.argv[2] === '--help' ? renderedHelp() : undefined;
if (help === undefined) await import('./main.js');
else process.stdout.write(help);

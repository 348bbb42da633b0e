export { Random } from '#src/util/random.js';

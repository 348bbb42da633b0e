// The programs that a native build needs and npm cannot install.
import { spawnSync } from 'node:child_process';

/** Those that are not there, each with what brings it. */
export function missingTools(env = process.env, platform = process.platform) {
  const tools = [
    { tool: 'cmake', any: ['cmake'], remedy: 'Debian/Ubuntu: apt-get install cmake; Homebrew: brew install cmake' },
    { tool: 'git', any: ['git'], remedy: 'Debian/Ubuntu: apt-get install git; Homebrew: brew install git' },
  ];
  if (platform !== 'win32') {
    const [compiler] = (env.CXX ?? 'c++').split(' '); // CXX may be "ccache g++"
    const remedy = 'Debian/Ubuntu: apt-get install build-essential; macOS: xcode-select --install';
    tools.push({ tool: compiler, any: [compiler], remedy });
    tools.push({ tool: 'make (or ninja)', any: ['ninja', 'make'], remedy });
  }
  return tools.filter(({ any }) => any.every((program) => isMissing(program, env)));
}

function isMissing(program, env) {
  return spawnSync(program, ['--version'], { stdio: 'ignore', env }).error !== undefined;
}

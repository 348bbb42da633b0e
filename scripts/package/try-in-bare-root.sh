#!/usr/bin/env bash
# Installs what `npm run package` made in a Debian root that has Node and nothing else (no compiler, git, cmake, make, Python), runs the
# demo there and says how long both took: `npm run package:try [-- ROOT]`. Linux, as root, with debootstrap.
#
# ROOT is kept and used again. Nothing of the host is seen in it but a copy of Node, of npm and of the certificates; of the network
# it needs the npm registry. Scripts of packages are not run: the environment tells npm so, and the run proves that none was needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
packages=build/package
root=${1:-build/package/root}
suite=${SUITE:-bookworm}

[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$root" >/dev/null
node=$(readlink -f "$(command -v node)")
modules=$(npm root --global)
mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/bin" "$root/etc/ssl/certs" "$root/try"
cp "$node" "$root/usr/local/bin/node"
[ -e "$root/usr/local/lib/node_modules/npm" ] || cp -rL "$modules/npm" "$root/usr/local/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
rm -rf "$root"/try/* "$root/root/.npm" "$root/root/.cache"
cp "$packages"/*.tgz "$root/try"

cat >"$root/try/run.sh" <<'RUN'
set -eu
cd /try
for tool in cc gcc c++ make ninja cmake git python3; do
  if command -v "$tool" >/dev/null; then echo "$tool is there: this root is not bare"; exit 1; fi
done
. /etc/os-release
echo "$PRETTY_NAME, node $(node --version), npm $(npm --version), $(ldd --version 2>&1 | head -1)"
start=$(date +%s.%N)
npm install --ignore-scripts --no-audit --no-fund ./*.tgz
installed=$(date +%s.%N)
npx inform-score demo
done=$(date +%s.%N)
cp node_modules/inform-score/examples/alpaca-eval-16.jsonl data.jsonl
npx inform-score data.jsonl -m demo -o scores.jsonl
npx inform-score report scores.jsonl -o report.html
grep -q '<svg' report.html
du -sh node_modules node_modules/inform-score node_modules/@inform-score/*
awk -v a="$start" -v b="$installed" -v c="$done" 'BEGIN { printf "install %.1f s, demo %.1f s, together %.1f s\n", b - a, c - b, c - a }'
[ ! -e /root/.cache/inform-score ] || { echo "something was built or fetched"; exit 1; }
RUN
mount -t proc proc "$root/proc"
trap 'umount "$root/proc"' EXIT
env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/bin HOME=/root NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
  chroot "$root" /bin/sh /try/run.sh

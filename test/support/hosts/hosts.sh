#!/usr/bin/env bash
# Two hosts in network namespaces that share a folder of a third one over SSHFS, as root, for tests of runs on several machines.
#   hosts.sh up FOLDER               FOLDER/share is what is shared
#   hosts.sh on FOLDER 1|2 COMMAND   runs COMMAND on a host, which has the share at FOLDER/mount
#   hosts.sh cut|join FOLDER 1|2     takes the host off the network, and puts it back
#   hosts.sh down FOLDER
# Debian: apt-get install --no-install-recommends sshfs openssh-server iproute2
set -euo pipefail
action=$1 folder=$2 host=${3:-}
name() { echo "inform$1-$(basename "$folder" | tail -c 7)"; }
case $action in
  up)
    mkdir -p "$folder"/{share,mount,keys}; chmod 700 "$folder/keys"
    ssh-keygen -q -t ed25519 -N '' -f "$folder/keys/host"; ssh-keygen -q -t ed25519 -N '' -f "$folder/keys/user"
    for n in 0 1 2; do ip netns add "$(name $n)"; ip -n "$(name $n)" link set lo up; done
    for n in 1 2; do
      ip link add wire netns "$(name $n)" type veth peer name "end$n" netns "$(name 0)"
      ip -n "$(name $n)" addr add "10.99.$n.2/24" dev wire; ip -n "$(name 0)" addr add "10.99.$n.1/24" dev "end$n"
      ip -n "$(name $n)" link set wire up; ip -n "$(name 0)" link set "end$n" up
    done
    mkdir -p /run/sshd
    ip netns exec "$(name 0)" /usr/sbin/sshd -f /dev/null -p 2222 -h "$folder/keys/host" -o PidFile="$folder/sshd.pid" \
      -o AuthorizedKeysFile="$folder/keys/user.pub" -o StrictModes=no -o UsePAM=no -o 'Subsystem=sftp internal-sftp'
    ;;
  on)
    shift 3
    export folder host
    # shellcheck disable=SC2016 # for the inner shell
    exec ip netns exec "$(name "$host")" unshare --uts --mount bash -c '
      hostname "host-$host"; mount --make-rprivate /
      sshfs -p 2222 -o "IdentityFile=$folder/keys/user,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null" \
        -o reconnect,ServerAliveInterval=1,ServerAliveCountMax=2 "$(id -un)@10.99.$host.1:$folder/share" "$folder/mount"
      exec "$@"' bash "$@"
    ;;
  cut) ip -n "$(name "$host")" link set wire down ;;
  join) ip -n "$(name "$host")" link set wire up ;;
  down)
    kill "$(cat "$folder/sshd.pid")" || true
    for n in 0 1 2; do ip netns del "$(name $n)" || true; done
    ;;
esac

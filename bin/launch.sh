# Sourced by the launchers beside it, which set `self` (the launcher, symbolic links resolved), `entry` (the program) and
# perhaps `node_flags`. It becomes the program by exec, so that the launcher's pid, signals and exit code are the program's own.

home=$(cd "${self%/*}/.." && pwd -P) || exit 255
node=$home/node_modules/node/bin/node

# Whether this Node runs TypeScript as it is: 22.18 or newer, without 23.0 to 23.5.
runs_typescript() {
  case $("$1" --version 2>/dev/null) in
    v22.1[89].* | v22.[2-9][0-9].* | v23.[6-9].* | v23.1[0-9].* | v2[4-9].* | v[3-9][0-9].*) return 0 ;;
    *) return 1 ;;
  esac
}

# The checkout's own Node needs no question; the system's is only second best.
if [ ! -x "$node" ]; then
  node=$(command -v node)
  if ! runs_typescript "${node:-node}"; then
    echo "${self##*/} needs Node 22.18 or newer; run npm run setup in $home" >&2
    exit 255
  fi
fi

# What Node made of the sources is kept, which halves the time to start; where it cannot be written, nothing is.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$home/node_modules/.cache/compiled}"

# Nodes before 24.12 call the reading of TypeScript experimental on every start.
# shellcheck disable=SC2086 # several flags are several words
exec "$node" --disable-warning=ExperimentalWarning --require "$home/src/uncaught.ts" ${node_flags-} "$home/$entry" "$@"
